//! The chain: a state machine of blocks. Typed actions and oracle prices in, typed events out.
//!
//! It knows no JSON, no socket and no latency; time is the block's. An action waits in the mempool until
//! [`Chain::block`] carries it out, in the venue's order (protocol 10.2). All numbers are exact, all maps ordered.
//!
//! | file | what |
//! |---|---|
//! | `units` `metas` `words` | amounts and lots; assets and the grid; statuses and refusals |
//! | `action` `event` `order` `account` | what is asked, what comes of it, what is kept |
//! | `execute` `limits` | who may ask, nonces, budgets; dispatch |
//! | `place` `matching` `settle` `cancel` `modify` `trigger` | orders |
//! | `margin` `liquidate` `prices` `funding` `fees` | money |
//! | `check` `trace` | what must always hold; one number for all that happened |

mod account;
mod action;
mod book;
mod cancel;
mod check;
mod event;
mod execute;
mod fees;
mod funding;
mod limits;
mod liquidate;
mod margin;
mod matching;
mod metas;
mod modify;
mod order;
mod place;
mod prices;
mod settings;
mod settle;
mod trace;
mod trigger;
mod units;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use mm_core::ids::{Ms, Oid};

pub use account::{
    Account, Balance, Budget, Clearing, DeadMan, History, Leverage, Position, Rates, Role, Totals,
};
pub use action::{Action, By, Grouping, NewOrder, Submission, Target, Ticket, Type};
pub use book::{Book, Level, Seen};
pub use check::Broken;
pub use event::{
    Dir, Event, Fill, Funding, Ledger, LedgerKind, Liquidated, LiquidationMark, OrderReply, Reply,
    Trade,
};
pub use fees::{REBATES, TIER_DAYS, TIERS};
pub use margin::Summary;
pub use metas::{
    Asset, DEX_BASE, DEX_STEP, Dex, Kind, MetaError, Metas, OffGrid, SPOT_BASE, Token, USDC,
};
pub use order::{Builder, Order, Phase, Record, Tif, Trigger};
pub use prices::{HourlyRate, PX_MOST, Prices};
pub use settings::{IocRest, Settings};
pub use trace::{Trace, mix};
pub use units::{
    AMOUNT_DECIMALS, AccountId, Address, Amount, AsDouble, AssetIx, Decimal, Lots, ONE, TokenIx,
    amount_of, notional,
};
pub use words::{Refusal, Status};

use limits::Nonces;

/// An agent that may sign for a master.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agent {
    /// Whom it signs for.
    pub master: AccountId,
    /// Until when.
    pub valid_until: Option<Ms>,
}

/// A trade's name that is not its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BentTid {
    /// 0.
    Zero,
    /// That of the trade before it.
    Repeated,
}

/// The whole state.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The rules.
    pub settings: Settings,
    /// Until when only post-only orders are taken.
    pub post_only_until: Ms,
    /// The next trade's name is not its own: a fault to be injected, told alike everywhere.
    pub bent_tid: Option<BentTid>,
    metas: Metas,
    now: Ms,
    height: u64,
    last_tid: u64,
    next_oid: u64,
    tx: u64,
    orders: BTreeMap<Oid, Order>,
    books: Vec<Book>,
    prices: Vec<Prices>,
    triggers: BTreeSet<(AssetIx, Oid)>,
    accounts: Vec<Account>,
    by_address: BTreeMap<Address, AccountId>,
    agents: BTreeMap<Address, Agent>,
    nonces: BTreeMap<Address, Nonces>,
    dead_men: BTreeSet<(Ms, AccountId)>,
    mempool: Vec<(u8, Submission)>,
    events: Vec<Event>,
    trace: Trace,
    liquidations: u64,
    last_mark: Ms,
    last_sample: Ms,
    last_hour: u64,
    last_day: u64,
}

/// The venue's account that fees go to and rebates come from.
pub const FEES: AccountId = AccountId(0);
/// The venue's account that takes over what cannot be liquidated in the market.
pub const BACKSTOP: AccountId = AccountId(1);

const HOUR: Ms = 3_600_000;
const DAY: Ms = 24 * HOUR;

impl Chain {
    /// An empty venue at `now`.
    pub fn new(settings: Settings, metas: Metas, now: Ms) -> Self {
        let prices = metas.assets.iter().map(|asset| Prices::at(asset.start)).collect();
        let books = metas.assets.iter().map(|_| Book::default()).collect();
        let mut chain = Self {
            next_oid: settings.first_oid,
            settings,
            post_only_until: 0,
            bent_tid: None,
            last_tid: 0,
            metas,
            now,
            height: 0,
            tx: 0,
            orders: BTreeMap::new(),
            books,
            prices,
            triggers: BTreeSet::new(),
            accounts: Vec::new(),
            by_address: BTreeMap::new(),
            agents: BTreeMap::new(),
            nonces: BTreeMap::new(),
            dead_men: BTreeSet::new(),
            mempool: Vec::new(),
            events: Vec::new(),
            trace: Trace::default(),
            liquidations: 0,
            last_mark: now,
            last_sample: now,
            last_hour: now / HOUR,
            last_day: now / DAY,
        };
        for number in 0..2 {
            let id = chain.open_account(Address::synthetic(0, number), Role::Venue);
            let account = chain.account_mut(id);
            account.watched = false;
            account.unlimited = true;
        }
        chain
    }

    /// Puts an action into the mempool.
    pub fn submit(&mut self, submission: Submission) {
        self.mempool.push((submission.action.class(), submission));
    }

    /// Commits a block at `time`: everything in the mempool is carried out, in the venue's order.
    ///
    /// `time` must be later than the last block's; an earlier one is taken as the millisecond after it.
    pub fn block(&mut self, time: Ms) -> Vec<Event> {
        self.now = time.max(self.now + 1);
        self.height += 1;
        self.turn_of_day();
        self.fire_dead_men();
        self.pay_funding();
        if self.now >= self.last_mark + self.settings.mark_every_ms {
            self.last_mark = self.now;
            self.mark();
            self.fire_triggers();
            self.liquidate();
        }
        let mut mempool = core::mem::take(&mut self.mempool);
        mempool.sort_by_key(|(class, _)| *class); // stable: arrival decides within a class
        for (_, submission) in mempool.drain(..) {
            self.tx += 1;
            let ticket = submission.ticket;
            let reply = self.execute(submission);
            self.emit(Event::Replied(ticket, reply));
        }
        self.mempool = mempool;
        core::mem::take(&mut self.events)
    }

    /// Time of the last block.
    pub const fn now(&self) -> Ms {
        self.now
    }

    /// Number of the last block.
    pub const fn height(&self) -> u64 {
        self.height
    }

    /// What is traded.
    pub const fn metas(&self) -> &Metas {
        &self.metas
    }

    /// A market's book.
    pub fn book(&self, asset: AssetIx) -> &Book {
        &self.books[usize::from(asset.0)]
    }

    /// A market's prices and sums.
    pub fn prices(&self, asset: AssetIx) -> &Prices {
        &self.prices[usize::from(asset.0)]
    }

    /// A live order.
    pub fn order(&self, oid: Oid) -> Option<&Order> {
        self.orders.get(&oid)
    }

    /// How many orders are live.
    pub fn orders_live(&self) -> usize {
        self.orders.len()
    }

    /// An account.
    pub fn account(&self, id: AccountId) -> &Account {
        &self.accounts[id.0 as usize]
    }

    /// Every account with its number.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountId, &Account)> {
        (0..).map(AccountId).zip(&self.accounts)
    }

    /// The account of an address.
    pub fn by_address(&self, address: Address) -> Option<AccountId> {
        self.by_address.get(&address).copied()
    }

    /// Whom an address signs for, if it is an agent.
    pub fn agent(&self, address: Address) -> Option<Agent> {
        self.agents.get(&address).copied()
    }

    /// The trace so far.
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    fn account_mut(&mut self, id: AccountId) -> &mut Account {
        &mut self.accounts[id.0 as usize]
    }

    fn book_mut(&mut self, asset: AssetIx) -> &mut Book {
        &mut self.books[usize::from(asset.0)]
    }

    fn new_oid(&mut self) -> Oid {
        self.next_oid += 1;
        Oid(self.next_oid)
    }

    /// Tells an event: into the trace, and to whoever reads the block.
    fn emit(&mut self, event: Event) {
        self.trace.note(&(self.now, &event));
        self.events.push(event);
    }

    /// Records a status of an order, and tells it if the account is watched.
    fn record(&mut self, order: Order, status: Status) {
        let (kept, time) = (self.settings.records_kept, self.now);
        let account = self.account_mut(order.account);
        if !account.watched {
            return;
        }
        let record = Record { order, status, time };
        let records = &mut account.history.records;
        if records.len() >= kept {
            records.pop_front();
        }
        records.push_back(record);
        self.emit(Event::Order(record));
    }
}
