//! How a generated market behaves: figures, and three sets of them that were calibrated on recordings.

use mm_core::ids::Ms;

/// The habits of one market's traders. Prices are in millionths of the price (a hundredth of a basis point).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// How often the fair price moves.
    pub fair_every_ms: Ms,
    /// Its volatility over a second.
    pub volatility: u32,
    /// How far apart jumps of it are; 0 for none.
    pub jump_every_ms: Ms,
    /// The size of half the jumps at most.
    pub jump: u32,
    /// How long the market is calm, and how long busy.
    pub calm_ms: Ms,
    /// How long it is busy.
    pub busy_ms: Ms,
    /// How much more happens when it is busy, in thousandths.
    pub busy: u32,
    /// Other makers.
    pub makers: u32,
    /// How far apart a maker's looks at the market are.
    pub look_every_ms: Ms,
    /// How old the fair price is that the slowest maker sees.
    pub lag_ms: Ms,
    /// Half of the narrowest maker's spread.
    pub half: u32,
    /// From one level to the next.
    pub step: u32,
    /// Levels a side.
    pub levels: u32,
    /// The size of half a maker's quotes at most, in USD.
    pub quote_usd: u32,
    /// Spread of the logarithm (base 2) of a quote's size, in thousandths.
    pub quote_sigma: u32,
    /// How far makers' opinions are apart.
    pub opinion: u32,
    /// How far a price may be from the wanted one before it is moved.
    pub patience: u32,
    /// The position at which a maker leans by a whole `lean`, in USD.
    pub capacity_usd: u32,
    /// How far a full maker leans.
    pub lean: u32,
    /// How far apart taking orders are.
    pub take_every_ms: Ms,
    /// Half of the taking orders are smaller, in USD.
    pub take_usd: u32,
    /// Spread of the logarithm (base 2) of a taking order, in thousandths.
    pub take_sigma: u32,
    /// How many takers of a thousand know the fair price.
    pub informed: u32,
    /// How far the fair price must be beyond the touch for somebody to take all that is wrong.
    pub snipe: u32,
    /// How many of a thousand such chances are taken, each time that the fair price moves.
    pub sniped: u32,
}

impl Habits {
    /// A large market of small ticks' worth: one tick wide nearly always, deep, a taker a second (as BTC, ETH, SOL).
    pub const DEEP: Self = Self {
        fair_every_ms: 100,
        volatility: 60,
        jump_every_ms: 20_000,
        jump: 150,
        calm_ms: 40_000,
        busy_ms: 15_000,
        busy: 3_000,
        makers: 10,
        look_every_ms: 600,
        lag_ms: 400,
        half: 6,
        step: 25,
        levels: 6,
        quote_usd: 45_000,
        quote_sigma: 2_500,
        opinion: 30,
        patience: 20,
        capacity_usd: 3_000_000,
        lean: 100,
        take_every_ms: 1_150,
        take_usd: 380,
        take_sigma: 4_300,
        informed: 250,
        snipe: 40,
        sniped: 40,
    };
    /// A small market: several ticks wide, thin, volatile (as WLFI in its first days).
    pub const THIN: Self = Self {
        fair_every_ms: 200,
        volatility: 230,
        jump_every_ms: 30_000,
        jump: 900,
        calm_ms: 40_000,
        busy_ms: 15_000,
        busy: 2_500,
        makers: 6,
        look_every_ms: 1_200,
        lag_ms: 800,
        half: 330,
        step: 200,
        levels: 4,
        quote_usd: 1_800,
        quote_sigma: 2_000,
        opinion: 120,
        patience: 100,
        capacity_usd: 40_000,
        lean: 800,
        take_every_ms: 2_600,
        take_usd: 480,
        take_sigma: 2_600,
        informed: 300,
        snipe: 250,
        sniped: 25,
    };
    /// For long simulations: the shape of [`Self::THIN`] with a tenth of the events.
    pub const QUIET: Self = Self {
        fair_every_ms: 2_000,
        look_every_ms: 10_000,
        lag_ms: 2_000,
        levels: 2,
        makers: 3,
        patience: 300,
        take_every_ms: 6_000,
        ..Self::THIN
    };
}
