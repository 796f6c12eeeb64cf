//! An account: money by dex, positions, spot balances, settings, and what is remembered of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mm_core::ids::{Cloid, Ms, Oid};

use super::event::{Fill, Funding, Ledger};
use super::order::Record;
use super::units::{AccountId, Address, Amount, AssetIx, Lots, TokenIx};

/// What kind of account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// A user's own.
    User,
    /// A user's sub-account.
    Sub {
        /// The user.
        master: AccountId,
    },
    /// A vault.
    Vault {
        /// Who leads it.
        leader: AccountId,
    },
    /// The venue's own: fees, rounding, liquidations.
    Venue,
}

/// A perpetual's position, and what rests beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Signed size.
    pub szi: Lots,
    /// What it cost: the sum of size times entry price, always positive.
    pub entry: Amount,
    /// The money inside, if its margin is isolated.
    pub isolated: Option<Amount>,
    /// Funding received over all time; negative is paid.
    pub funding_ever: Amount,
    /// Funding since the position was opened.
    pub funding_open: Amount,
    /// Funding since its size last changed.
    pub funding_change: Amount,
    /// Value of resting buys that may open.
    pub bids: Amount,
    /// Value of resting sells that may open.
    pub asks: Amount,
    /// How many reduce-only orders rest.
    pub reducing: u32,
}

/// Money and positions on one dex.
#[derive(Clone, Debug, Default)]
pub struct Clearing {
    /// What is left after every purchase and sale: the venue's `totalRawUsd`, without isolated positions'.
    pub cash: Amount,
    /// By asset.
    pub positions: BTreeMap<AssetIx, Position>,
}

/// A spot balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// All of it.
    pub total: Amount,
    /// Held for resting orders.
    pub hold: Amount,
    /// What it cost.
    pub entry: Amount,
}

/// Rates of fees, in 10⁻⁹.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Perpetuals, taker.
    pub cross: i64,
    /// Perpetuals, maker; negative is a rebate.
    pub add: i64,
    /// Spot, taker.
    pub spot_cross: i64,
    /// Spot, maker.
    pub spot_add: i64,
}

/// An asset's leverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leverage {
    /// How much.
    pub value: u32,
    /// Cross, else isolated.
    pub is_cross: bool,
}

/// Requests used, volume traded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Items sent.
    pub used: u64,
    /// Items bought.
    pub reserved: u64,
    /// When one last passed beyond the limit.
    pub last_beyond: Ms,
}

/// The dead man's switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeadMan {
    /// When it fires.
    pub at: Option<Ms>,
    /// Firings today.
    pub fired: u32,
    /// Which day that is, in days since the epoch.
    pub day: u64,
}

/// What is remembered of an account that is watched, newest last.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Statuses of orders.
    pub records: VecDeque<Record>,
    /// Its sides of trades.
    pub fills: VecDeque<Fill>,
    /// Funding.
    pub funding: VecDeque<Funding>,
    /// Money that came or went otherwise.
    pub ledger: VecDeque<Ledger>,
}

/// Sums over everything that ever happened to an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Fills.
    pub fills: u64,
    /// Value traded.
    pub volume: Amount,
    /// Profit closed, without fees, in the quote token.
    pub closed_pnl: Amount,
    /// Fees in USDC (a base token's apart).
    pub fees: Amount,
    /// Funding received.
    pub funding: Amount,
    /// Deposited, less withdrawn.
    pub deposits: Amount,
}

/// One account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its address.
    pub address: Address,
    /// What kind.
    pub role: Role,
    /// Its name, of sub-accounts and vaults.
    pub name: String,
    /// Its history is kept and its events are told.
    pub watched: bool,
    /// It is not margined: a synthetic trader.
    pub unlimited: bool,
    /// By dex.
    pub clearing: Vec<Clearing>,
    /// By spot token.
    pub spot: BTreeMap<TokenIx, Balance>,
    /// Settings that were made; the rest is default.
    pub leverage: BTreeMap<AssetIx, Leverage>,
    /// Live orders, triggers and children included.
    pub open: BTreeSet<Oid>,
    /// Live orders by the owner's name; the newest of a name.
    pub cloids: BTreeMap<Cloid, Oid>,
    /// Requests.
    pub budget: Budget,
    /// Dead man's switch.
    pub dead_man: DeadMan,
    /// Rates as of today.
    pub rates: Rates,
    /// Rates that were set by hand and stay.
    pub fixed_rates: bool,
    /// Discount on positive fees, in percent (staking, referral).
    pub discount: u32,
    /// Value traded today: as taker, as maker.
    pub today: (Amount, Amount),
    /// The same of the last days, the newest last.
    pub days: VecDeque<(Amount, Amount)>,
    /// Builders that may charge: tenths of a basis point.
    pub builders: BTreeMap<Address, u32>,
    /// Its agents by name; "" is the unnamed one.
    pub agents: BTreeMap<String, Address>,
    /// What is remembered.
    pub history: History,
    /// Sums.
    pub totals: Totals,
}

impl Account {
    /// With nothing.
    pub fn new(address: Address, role: Role, dexes: usize, rates: Rates) -> Self {
        Self {
            address,
            role,
            name: String::new(),
            watched: true,
            unlimited: false,
            clearing: vec![Clearing::default(); dexes],
            spot: BTreeMap::new(),
            leverage: BTreeMap::new(),
            open: BTreeSet::new(),
            cloids: BTreeMap::new(),
            budget: Budget::default(),
            dead_man: DeadMan::default(),
            rates,
            fixed_rates: false,
            discount: 0,
            today: (Amount::ZERO, Amount::ZERO),
            days: VecDeque::new(),
            builders: BTreeMap::new(),
            agents: BTreeMap::new(),
            history: History::default(),
            totals: Totals::default(),
        }
    }

    /// Its position, flat if there is none.
    pub fn szi(&self, dex: u8, asset: AssetIx) -> Lots {
        self.clearing[usize::from(dex)].positions.get(&asset).map_or(Lots::ZERO, |p| p.szi)
    }

    /// A token's balance.
    pub fn balance(&self, token: TokenIx) -> Balance {
        self.spot.get(&token).copied().unwrap_or_default()
    }
}
