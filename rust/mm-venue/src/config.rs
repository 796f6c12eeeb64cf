//! How a venue is set up: time, latency by channel, cadences, limits of the front.

use mm_core::ids::Ms;

use crate::chain::Settings;
use crate::faults::Channel;
use crate::rng::Rng;

/// A delay: `base`, up to `spread` more, and so many times in a million up to `tail` more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// The least, in ms.
    pub base: Ms,
    /// What chance adds, in ms.
    pub spread: Ms,
    /// What bad luck adds, in ms.
    pub tail: Ms,
    /// How often, in a million.
    pub tail_per_million: u32,
}

impl Delay {
    /// Always the same.
    pub const fn fixed(base: Ms) -> Self {
        Self { base, spread: 0, tail: 0, tail_per_million: 0 }
    }

    pub(crate) const fn draw(&self, rng: &mut Rng) -> Ms {
        let usual = self.base + rng.below(self.spread + 1);
        if rng.chance(self.tail_per_million) { usual + rng.below(self.tail + 1) } else { usual }
    }
}

/// The delays of a venue as a client sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// From the client to the mempool or the information server.
    pub up: Delay,
    /// Answers to actions.
    pub reply: Delay,
    /// Answers to requests for information.
    pub info: Delay,
    /// `orderUpdates` and its like.
    pub orders: Delay,
    /// `userFills` and its like.
    pub fills: Delay,
    /// States of accounts.
    pub state: Delay,
    /// Books, trades, prices.
    pub market: Delay,
    /// Acknowledgements and pongs.
    pub control: Delay,
}

impl Latency {
    /// The same everywhere: for tests that count milliseconds.
    pub const fn fixed(ms: Ms) -> Self {
        let one = Delay::fixed(ms);
        Self {
            up: one,
            reply: one,
            info: one,
            orders: one,
            fills: one,
            state: one,
            market: one,
            control: one,
        }
    }

    pub(crate) const fn of(&self, channel: Channel) -> Delay {
        match channel {
            Channel::Reply => self.reply,
            Channel::Info => self.info,
            Channel::Orders => self.orders,
            Channel::Fills => self.fills,
            Channel::State => self.state,
            Channel::Market => self.market,
            Channel::Control => self.control,
        }
    }
}

impl Default for Latency {
    /// A machine near the venue: an order's answer after 0.2 s in the middle, 0.9 s at worst (protocol 10.1).
    fn default() -> Self {
        let delay = |base, spread| Delay { base, spread, tail: 600, tail_per_million: 10_000 };
        Self {
            up: delay(60, 60),
            reply: delay(30, 60),
            info: delay(15, 20),
            orders: delay(30, 70),
            fills: delay(30, 70),
            state: delay(30, 100),
            market: delay(25, 50),
            control: delay(10, 10),
        }
    }
}

/// How often the streams speak that do so by the clock (protocol 7.1, 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// `l2Book`.
    pub book: Ms,
    /// `l2Book` with `fast`.
    pub book_fast: Ms,
    /// `allMids`.
    pub mids: Ms,
    /// `activeAssetCtx`.
    pub context: Ms,
    /// `clearinghouseState`, `spotState`, `activeAssetData`, `webData2`.
    pub state: Ms,
    /// `openOrders`.
    pub open_orders: Ms,
}

impl Default for Cadence {
    fn default() -> Self {
        Self {
            book: 5_000,
            book_fast: 500,
            mids: 500,
            context: 1_500,
            state: 5_000,
            open_orders: 5_000,
        }
    }
}

/// Everything that a venue is set up with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The one seed.
    pub seed: u64,
    /// Signatures are of mainnet; else of testnet.
    pub mainnet: bool,
    /// When its time begins.
    pub start_ms: Ms,
    /// The least between two blocks, and what chance adds: some twelve a second.
    pub block: Delay,
    /// The rules of the chain.
    pub settings: Settings,
    /// Delays.
    pub latency: Latency,
    /// Cadences.
    pub cadence: Cadence,
    /// Weight that the client's IP may use a minute; `None` for any.
    pub ip_weight: Option<u64>,
    /// Connections that the client's IP may have at once; `None` for any (the real venue: 10).
    pub sockets: Option<usize>,
    /// New connections of the client's IP a minute; `None` for any (the real venue: 30).
    pub new_sockets: Option<u64>,
    /// Messages that the client's IP may send a minute; `None` for any.
    pub messages: Option<u64>,
    /// A new connection is greeted by a line that is no JSON.
    pub greeting: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            mainnet: false,
            start_ms: 1_790_000_000_000,
            block: Delay { base: 70, spread: 20, tail: 120, tail_per_million: 50_000 },
            settings: Settings::default(),
            latency: Latency::default(),
            cadence: Cadence::default(),
            ip_weight: Some(1_200),
            sockets: None,
            new_sockets: None,
            messages: Some(2_000),
            greeting: true,
        }
    }
}
