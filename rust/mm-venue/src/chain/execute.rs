//! Who may ask what, and the dispatch of an action (protocol 2.5–2.10, 3).

use mm_core::ids::Ms;

use super::account::{Leverage, Role};
use super::action::{Action, By, Submission};
use super::event::{Event, Ledger, LedgerKind, Reply};
use super::metas::{Kind, USDC};
use super::units::{AccountId, Address, Amount};
use super::{Agent, Chain, DAY, FEES};

/// Named agents that an account may have.
const NAMED_AGENTS: usize = 3;
/// The life of an agent whose name says nothing of it.
const AGENT_DAYS: Ms = 90;
/// Rows of money movements that are remembered of an account.
const LEDGER_KEPT: usize = 2_000;
/// What one bought request costs: 0.0005 USDC.
const REQUEST_PRICE: Amount = Amount(5_000_000);

impl Chain {
    /// Makes an account, or gives the one that has the address.
    pub fn open_account(&mut self, address: Address, role: Role) -> AccountId {
        if let Some(id) = self.by_address(address) {
            return id;
        }
        let id = AccountId(u32::try_from(self.accounts.len()).unwrap_or(u32::MAX));
        let rates = super::fees::tier(Amount::ZERO);
        self.accounts.push(super::Account::new(address, role, self.metas.dexes.len(), rates));
        self.by_address.insert(address, id);
        id
    }

    /// A synthetic trader: its history is not kept, and it is never short of margin.
    pub fn open_trader(&mut self, number: u64) -> AccountId {
        let id = self.open_account(Address::synthetic(1, number), Role::User);
        let account = self.account_mut(id);
        account.watched = false;
        account.unlimited = true;
        id
    }

    /// Money from outside, onto a dex.
    pub fn deposit(&mut self, id: AccountId, dex: u8, amount: Amount) {
        let account = self.account_mut(id);
        account.clearing[usize::from(dex)].cash += amount;
        account.totals.deposits += amount;
        self.note_ledger(id, LedgerKind::Deposit, amount);
    }

    /// Tokens from outside.
    pub fn deposit_spot(&mut self, id: AccountId, token: super::TokenIx, amount: Amount) {
        self.account_mut(id).spot.entry(token).or_default().total += amount;
    }

    /// Lets an agent sign for an account, from now on.
    pub fn add_agent(
        &mut self,
        agent: Address,
        master: AccountId,
        name: &str,
        valid_until: Option<Ms>,
    ) {
        let old = self.account_mut(master).agents.insert(name.into(), agent);
        if let Some(old) = old {
            self.agents.remove(&old);
            self.nonces.remove(&old);
        }
        self.agents.insert(agent, Agent { master, valid_until });
    }

    /// An agent is no more: what it signs is of nobody.
    pub fn remove_agent(&mut self, agent: Address) {
        if let Some(Agent { master, .. }) = self.agents.remove(&agent) {
            self.nonces.remove(&agent);
            self.account_mut(master).agents.retain(|_, address| *address != agent);
        }
    }

    /// Sets what an account pays, for good.
    pub fn set_rates(&mut self, id: AccountId, rates: super::Rates) {
        let account = self.account_mut(id);
        account.rates = rates;
        account.fixed_rates = true;
    }

    /// Sets a discount on positive fees, in percent.
    pub fn set_discount(&mut self, id: AccountId, percent: u32) {
        self.account_mut(id).discount = percent.min(100);
    }

    /// Counts volume as if it had been traded: for budgets and gates.
    pub fn add_volume(&mut self, id: AccountId, volume: Amount) {
        self.account_mut(id).totals.volume += volume;
    }

    pub(super) fn execute(&mut self, submission: Submission) -> Reply {
        let Submission { by, nonce, expires_after, action, .. } = submission;
        let id = match by {
            By::Account(id) => id,
            By::Signer { signer, vault } => {
                match self.admit_signer(signer, vault, nonce, expires_after, &action) {
                    Ok(id) => id,
                    Err(text) => return Reply::Err(text),
                }
            }
        };
        self.carry_out(id, action)
    }

    /// The account that a signature acts for, if it may; its nonce is spent and its budget charged then.
    fn admit_signer(
        &mut self,
        signer: Address,
        vault: Option<Address>,
        nonce: u64,
        expires_after: Option<Ms>,
        action: &Action,
    ) -> Result<AccountId, String> {
        let user_signed = action.is_user_signed();
        let master = match (self.agent(signer), self.by_address(signer)) {
            (_, Some(id)) => id,
            (Some(_), None) if user_signed => {
                return Err(format!("Must deposit before performing actions. User: {signer}"));
            }
            (Some(agent), None) if agent.valid_until.is_none_or(|until| self.now < until) => {
                agent.master
            }
            _ if user_signed => {
                return Err(format!("Must deposit before performing actions. User: {signer}"));
            }
            _ => return Err(format!("User or API Wallet {signer} does not exist.")),
        };
        let id = match vault {
            None => master,
            Some(vault) => self
                .acted_for(master, vault)
                .ok_or_else(|| format!("Vault not registered: {vault}"))?,
        };
        if action.items() > self.settings.items_max {
            return Err(format!("Signed action over weight limit of {}.", self.settings.items_max));
        }
        if expires_after.is_some_and(|until| self.now > until) {
            self.charge_expired(id);
            return Err("Action already expired".into());
        }
        // A refusal for want of requests leaves the nonce unused.
        self.nonces.entry(signer).or_default().check(nonce, self.now)?;
        self.charge(id, action)?;
        self.nonces.entry(signer).or_default().spend(nonce);
        Ok(id)
    }

    /// The sub-account or vault of an address, if it is this master's.
    fn acted_for(&self, master: AccountId, vault: Address) -> Option<AccountId> {
        let id = self.by_address(vault)?;
        match self.account(id).role {
            Role::Sub { master: owner } | Role::Vault { leader: owner } => {
                (owner == master).then_some(id)
            }
            Role::User | Role::Venue => None,
        }
    }

    fn carry_out(&mut self, id: AccountId, action: Action) -> Reply {
        match action {
            Action::Order { orders, grouping, builder } => {
                self.place_all(id, &orders, grouping, builder)
            }
            Action::Cancel(cancels) => self.cancel_each(id, &cancels),
            Action::Modify { single, changes, always_place } => {
                self.modify_each(id, single, &changes, always_place)
            }
            Action::ScheduleCancel(time) => self.schedule_cancel(id, time),
            Action::UpdateLeverage { asset, is_cross, leverage } => {
                done(self.update_leverage(id, asset, is_cross, leverage))
            }
            Action::UpdateIsolatedMargin { asset, amount } => {
                done(self.update_isolated(id, asset, amount))
            }
            Action::Noop | Action::SetReferrer => Reply::Default,
            Action::ReserveRequestWeight(weight) => done(self.reserve(id, weight)),
            Action::ApproveAgent { agent, name } => done(self.approve_agent(id, agent, &name)),
            Action::ApproveBuilderFee { builder, tenths } => {
                self.open_account(builder, Role::User);
                self.account_mut(id).builders.insert(builder, tenths);
                Reply::Default
            }
            Action::UsdClassTransfer { amount, to_perp } => {
                done(self.class_transfer(id, amount, to_perp))
            }
            Action::UsdSend { to, amount } => {
                let to = self.open_account(to, Role::User);
                done(self.send(id, to, amount, LedgerKind::Send))
            }
            Action::CreateSubAccount { name } => {
                let subs =
                    self.accounts().filter(|(_, a)| a.role == Role::Sub { master: id }).count();
                let number = u64::from(id.0) << 16 | subs as u64;
                let sub =
                    self.open_account(Address::synthetic(2, number), Role::Sub { master: id });
                self.account_mut(sub).name = name;
                Reply::SubAccount(self.account(sub).address)
            }
            Action::SubAccountTransfer { sub, is_deposit, amount } => match self.acted_for(id, sub)
            {
                None => Reply::Err(format!("Vault not registered: {sub}")),
                Some(sub) if is_deposit => {
                    done(self.send(id, sub, amount, LedgerKind::SubAccountTransfer))
                }
                Some(sub) => done(self.send(sub, id, amount, LedgerKind::SubAccountTransfer)),
            },
            Action::Unsupported(name) => Reply::Err(format!("This venue has no action {name}.")),
        }
    }

    fn update_leverage(
        &mut self,
        id: AccountId,
        asset: u32,
        is_cross: bool,
        leverage: u32,
    ) -> Result<(), String> {
        let invalid = || "Invalid leverage value".to_string();
        let ix = self.metas.by_id(asset).ok_or_else(invalid)?;
        let Kind::Perp { dex, max_leverage, only_isolated } = self.metas.asset(ix).kind else {
            return Err(invalid());
        };
        if leverage == 0 || leverage > max_leverage || (is_cross && only_isolated) {
            return Err(invalid());
        }
        let old = self.leverage(id, ix);
        if old.is_cross != is_cross && !self.account(id).szi(dex, ix).is_zero() {
            return Err("Cannot switch leverage type with open position.".into());
        }
        self.account_mut(id).leverage.insert(ix, Leverage { value: leverage, is_cross });
        if !self.account(id).unlimited
            && leverage < old.value
            && self.available(id, dex) < Amount::ZERO
        {
            self.account_mut(id).leverage.insert(ix, old);
            return Err("Insufficient margin to update leverage.".into());
        }
        Ok(())
    }

    fn update_isolated(&mut self, id: AccountId, asset: u32, amount: Amount) -> Result<(), String> {
        let not_isolated = || "Position does not use isolated margin.".to_string();
        let ix = self.metas.by_id(asset).ok_or_else(not_isolated)?;
        let dex = self.metas.asset(ix).dex().ok_or_else(not_isolated)?;
        let free = self.available(id, dex);
        let least = self.isolated_least(id, ix);
        let clearing = &mut self.account_mut(id).clearing[usize::from(dex)];
        let inside = clearing
            .positions
            .get_mut(&ix)
            .and_then(|p| p.isolated.as_mut())
            .ok_or_else(not_isolated)?;
        if amount > free || *inside + amount < least {
            return Err("Insufficient margin.".into());
        }
        *inside += amount;
        clearing.cash -= amount;
        Ok(())
    }

    fn reserve(&mut self, id: AccountId, weight: u64) -> Result<(), String> {
        let price = Amount(REQUEST_PRICE.0 * i128::from(weight));
        self.pay(id, FEES, price)?;
        self.account_mut(id).budget.reserved += weight;
        Ok(())
    }

    fn approve_agent(&mut self, id: AccountId, agent: Address, name: &str) -> Result<(), String> {
        let (name, until) = match name.split_once(" valid_until ") {
            None => (name, None),
            Some((name, until)) => {
                (name, Some(until.trim().parse::<Ms>().map_err(|_| "Invalid agent name.")?))
            }
        };
        if name.len() > 16 {
            return Err("Agent name too long.".into());
        }
        if until.is_some_and(|until| until <= self.now) {
            return Err("Agent valid_until already expired.".into());
        }
        if self.agents.contains_key(&agent) || self.by_address(agent).is_some() {
            return Err("Extra agent already used.".into());
        }
        let agents = &self.account(id).agents;
        let named = agents.keys().filter(|known| !known.is_empty()).count();
        if !name.is_empty() && !agents.contains_key(name) && named >= NAMED_AGENTS {
            return Err(format!(
                "Too many extra agents for cumulative volume traded. Current limit is {NAMED_AGENTS}"
            ));
        }
        let until =
            until.unwrap_or(self.now + AGENT_DAYS * DAY).min(self.now + 2 * AGENT_DAYS * DAY);
        self.add_agent(agent, id, name, Some(until));
        Ok(())
    }

    fn class_transfer(
        &mut self,
        id: AccountId,
        amount: Amount,
        to_perp: bool,
    ) -> Result<(), String> {
        let free = if to_perp {
            let balance = self.account(id).balance(USDC);
            balance.total - balance.hold
        } else {
            self.available(id, 0).min(self.account(id).clearing[0].cash)
        };
        if amount <= Amount::ZERO || amount > free {
            return Err("Insufficient balance for transfer.".into());
        }
        let signed = if to_perp { amount } else { -amount };
        let account = self.account_mut(id);
        account.clearing[0].cash += signed;
        account.spot.entry(USDC).or_default().total -= signed;
        self.note_ledger(id, LedgerKind::ClassTransfer(to_perp), amount);
        Ok(())
    }

    fn send(
        &mut self,
        from: AccountId,
        to: AccountId,
        amount: Amount,
        kind: fn(AccountId) -> LedgerKind,
    ) -> Result<(), String> {
        self.pay(from, to, amount)?;
        self.note_ledger(from, kind(to), -amount);
        self.note_ledger(to, kind(from), amount);
        Ok(())
    }

    /// Moves free money between two accounts of the main dex.
    fn pay(&mut self, from: AccountId, to: AccountId, amount: Amount) -> Result<(), String> {
        let free = self.available(from, 0).min(self.account(from).clearing[0].cash);
        if amount <= Amount::ZERO || amount > free {
            return Err("Insufficient balance for withdrawal.".into());
        }
        self.account_mut(from).clearing[0].cash -= amount;
        self.account_mut(to).clearing[0].cash += amount;
        Ok(())
    }

    fn note_ledger(&mut self, id: AccountId, kind: LedgerKind, usdc: Amount) {
        let row = Ledger { time: self.now, kind, usdc };
        let account = self.account_mut(id);
        if account.watched {
            if account.history.ledger.len() >= LEDGER_KEPT {
                account.history.ledger.pop_front();
            }
            account.history.ledger.push_back(row);
            self.emit(Event::Ledger(id, row));
        }
    }
}

fn done(outcome: Result<(), String>) -> Reply {
    match outcome {
        Ok(()) => Reply::Default,
        Err(text) => Reply::Err(text),
    }
}
