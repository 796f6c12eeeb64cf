//! What is traded: assets, spot tokens, perpetual dexes, and the venue's grid (protocol 6.3, 8.1).

use std::collections::BTreeMap;

use mm_core::num::{Px, Sz};

use super::units::{Address, AssetIx, Lots, TokenIx};

/// Asset ids of spot pairs begin here.
pub const SPOT_BASE: u32 = 10_000;
/// Asset ids of builders' perpetuals begin here; each dex has [`DEX_STEP`] of them.
pub const DEX_BASE: u32 = 100_000;
/// Ids of one dex.
pub const DEX_STEP: u32 = 10_000;
/// USDC's place among the tokens.
pub const USDC: TokenIx = TokenIx(0);

/// A market.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The id in actions.
    pub id: u32,
    /// The coin in answers: `BTC`, `@107`, `xyz:GOLD`.
    pub name: String,
    /// Decimals of a size.
    pub sz_decimals: u32,
    /// Delisted: numbered and shown, not traded.
    pub delisted: bool,
    /// What kind of market.
    pub kind: Kind,
    /// The price at which it starts; there is none without.
    pub start: Px,
}

/// Perpetual or spot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A perpetual.
    Perp {
        /// Place in [`Metas::dexes`]; 0 is the main one.
        dex: u8,
        /// Highest leverage.
        max_leverage: u32,
        /// No cross margin.
        only_isolated: bool,
    },
    /// A pair of tokens.
    Spot {
        /// What is traded.
        base: TokenIx,
        /// In what it is paid.
        quote: TokenIx,
    },
}

/// A spot token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Name.
    pub name: String,
    /// The index on the wire.
    pub index: u32,
    /// Decimals of a size.
    pub sz_decimals: u32,
    /// Decimals of a balance.
    pub wei_decimals: u32,
}

/// A dex of perpetuals.
#[derive(Clone, Debug)]
pub struct Dex {
    /// Name; empty for the main one.
    pub name: String,
    /// Who is paid the deployer's share of the fees.
    pub deployer: Address,
}

/// Why a set of metas is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaError(pub String);

/// All that can be traded.
#[derive(Clone, Debug)]
pub struct Metas {
    /// Perpetuals and pairs.
    pub assets: Vec<Asset>,
    /// Spot tokens; USDC first.
    pub tokens: Vec<Token>,
    /// Dexes; the main one first.
    pub dexes: Vec<Dex>,
    by_id: BTreeMap<u32, AssetIx>,
    by_name: BTreeMap<String, AssetIx>,
}

/// Why a price or size is off the grid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OffGrid {
    /// Too many figures or decimals.
    Tick,
    /// Too many decimals in the size.
    Lot,
}

impl Asset {
    /// Decimals that a price may have at most.
    pub const fn px_decimals(&self) -> u32 {
        let most = if matches!(self.kind, Kind::Perp { .. }) { 6 } else { 8 };
        most - self.sz_decimals
    }

    /// Decimals of fees and profits on it.
    pub const fn money_decimals(&self) -> u32 {
        if matches!(self.kind, Kind::Perp { .. }) { 6 } else { 8 }
    }

    /// The dex of a perpetual.
    pub const fn dex(&self) -> Option<u8> {
        match self.kind {
            Kind::Perp { dex, .. } => Some(dex),
            Kind::Spot { .. } => None,
        }
    }

    /// The smallest step at a price: five figures, at most [`Self::px_decimals`], whole numbers always (protocol 8.1).
    pub const fn tick(&self, px: Px) -> i64 {
        let finest = 10i64.pow(8 - self.px_decimals());
        let mut step = 1;
        while px.0 / step >= 100_000 {
            step *= 10;
        }
        let step = if step > 100_000_000 { 100_000_000 } else { step };
        if step > finest { step } else { finest }
    }

    /// Whether a price may be used.
    pub const fn on_tick(&self, px: Px) -> bool {
        px.0 % self.tick(px) == 0
    }

    /// The nearest price of the grid at or below (a bid's) or at or above (an ask's).
    pub const fn round_px(&self, px: Px, down: bool) -> Px {
        let tick = self.tick(px);
        let below = px.0 / tick * tick;
        Px(if down || below == px.0 { below } else { below + tick })
    }

    /// A size in lots; `None` if it is off the grid or too large.
    pub fn lots(&self, sz: Sz) -> Option<Lots> {
        let unit = 10i128.pow(10 - self.sz_decimals);
        (sz.0 % unit == 0)
            .then_some(sz.0 / unit)
            .and_then(|lots| i64::try_from(lots).ok())
            .map(Lots)
    }
}

impl Metas {
    /// Checks and indexes; the first token is USDC, the first dex the main one.
    pub fn new(assets: Vec<Asset>, tokens: Vec<Token>, dexes: Vec<Dex>) -> Result<Self, MetaError> {
        let (mut by_id, mut by_name) = (BTreeMap::new(), BTreeMap::new());
        if tokens.is_empty() || dexes.is_empty() {
            return Err(MetaError("there is no token or no dex".into()));
        }
        for (ix, asset) in assets.iter().enumerate() {
            let ix =
                u16::try_from(ix).map(AssetIx).map_err(|_| MetaError("too many assets".into()))?;
            let most = if matches!(asset.kind, Kind::Perp { .. }) { 6 } else { 8 };
            if asset.sz_decimals > most {
                return Err(MetaError(format!(
                    "{}: szDecimals is {}",
                    asset.name, asset.sz_decimals
                )));
            }
            let plain =
                |name: &str| name.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'));
            if asset.name.is_empty() || !plain(&asset.name) {
                return Err(MetaError(format!("{:?} is no name of a coin", asset.name)));
            }
            let known = match asset.kind {
                Kind::Perp { dex, max_leverage, .. } => {
                    usize::from(dex) < dexes.len() && max_leverage > 0
                }
                Kind::Spot { base, quote } => usize::from(base.0.max(quote.0)) < tokens.len(),
            };
            if !known
                || by_id.insert(asset.id, ix).is_some()
                || by_name.insert(asset.name.clone(), ix).is_some()
            {
                return Err(MetaError(format!(
                    "{}: named twice, or of an unknown dex or token",
                    asset.name
                )));
            }
        }
        Ok(Self { assets, tokens, dexes, by_id, by_name })
    }

    /// By the id in actions.
    pub fn by_id(&self, id: u32) -> Option<AssetIx> {
        self.by_id.get(&id).copied()
    }

    /// By the coin in answers.
    pub fn by_name(&self, name: &str) -> Option<AssetIx> {
        self.by_name.get(name).copied()
    }

    /// An asset.
    pub fn asset(&self, ix: AssetIx) -> &Asset {
        &self.assets[usize::from(ix.0)]
    }

    /// A token.
    pub fn token(&self, ix: TokenIx) -> &Token {
        &self.tokens[usize::from(ix.0)]
    }

    /// Every asset's place.
    pub fn indices(&self) -> impl Iterator<Item = AssetIx> + use<> {
        (0..u16::try_from(self.assets.len()).unwrap_or(u16::MAX)).map(AssetIx)
    }

    /// A small venue of its own: the real rules, every kind of market, made-up prices.
    ///
    /// One delisted perpetual holds a number, one token a gap, one builder's dex its own collateral.
    pub fn generated() -> Self {
        let perp = |id, name: &str, sz_decimals, max_leverage, start| Asset {
            id,
            name: name.into(),
            sz_decimals,
            delisted: name == "MATIC",
            kind: Kind::Perp { dex: u8::from(id >= DEX_BASE), max_leverage, only_isolated: false },
            start: Px(start),
        };
        let spot = |index, name: &str, sz_decimals, base, start| Asset {
            id: SPOT_BASE + index,
            name: name.into(),
            sz_decimals,
            delisted: false,
            kind: Kind::Spot { base: TokenIx(base), quote: USDC },
            start: Px(start),
        };
        let token = |name: &str, index, sz_decimals, wei_decimals| Token {
            name: name.into(),
            index,
            sz_decimals,
            wei_decimals,
        };
        let assets = vec![
            perp(0, "BTC", 5, 40, 8_375_700_000_000),
            perp(1, "ETH", 4, 25, 268_660_000_000),
            perp(2, "ATOM", 2, 5, 454_300_000),
            perp(3, "MATIC", 1, 20, 37_621_000),
            perp(4, "DYDX", 1, 5, 61_250_000),
            perp(5, "SOL", 2, 20, 18_850_000_000),
            perp(6, "HYPE", 2, 10, 4_123_800_000),
            perp(7, "DOGE", 0, 10, 21_630_000),
            perp(8, "kPEPE", 0, 10, 1_103_500),
            spot(0, "PURR/USDC", 0, 1, 18_215_000),
            spot(107, "@107", 2, 2, 4_124_000_000),
            perp(DEX_BASE + DEX_STEP, "xyz:GOLD", 4, 20, 411_520_000_000),
            perp(DEX_BASE + DEX_STEP + 1, "xyz:SILVER", 2, 20, 5_121_000_000),
        ];
        let tokens = vec![token("USDC", 0, 8, 8), token("PURR", 1, 0, 5), token("HYPE", 150, 2, 8)];
        let dexes = vec![
            Dex { name: String::new(), deployer: Address::default() },
            Dex { name: "xyz".into(), deployer: Address::synthetic(9, 1) },
        ];
        Self::new(assets, tokens, dexes).unwrap_or_else(|_| Self {
            assets: Vec::new(),
            tokens: Vec::new(),
            dexes: Vec::new(),
            by_id: BTreeMap::new(),
            by_name: BTreeMap::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(sz_decimals: u32, perp: bool) -> Asset {
        let kind = if perp {
            Kind::Perp { dex: 0, max_leverage: 10, only_isolated: false }
        } else {
            Kind::Spot { base: USDC, quote: USDC }
        };
        Asset { id: 0, name: "X".into(), sz_decimals, delisted: false, kind, start: Px(0) }
    }

    #[test]
    fn the_grid_is_the_documented_one() {
        // The table of protocol 8.1.
        for (perp, decimals, ok, refused) in [
            (true, 5, &["83757", "9999.5", "123456"][..], &["83757.5", "999.55"][..]),
            (true, 1, &["1234.5", "0.01234"], &["1234.56", "0.012345"]),
            (true, 0, &["0.001234"], &["0.0012345"]),
            (false, 0, &["0.0001234"], &["0.000123456"]),
            (false, 1, &["0.0001234"], &["0.000123456"]),
            (false, 3, &["1.2345"], &["0.0001234"]),
        ] {
            let asset = asset(decimals, perp);
            let on_tick =
                |text: &&str| Px::parse(text.as_bytes()).is_ok_and(|px| asset.on_tick(px));
            assert!(ok.iter().all(on_tick), "{decimals} {ok:?}");
            assert!(!refused.iter().any(on_tick), "{decimals} {refused:?}");
        }
    }

    #[test]
    fn a_price_is_rounded_to_its_own_side() {
        let asset = asset(5, true);
        let px = |text: &str| Px::parse(text.as_bytes()).unwrap();
        assert_eq!(asset.round_px(px("83757.4"), true), px("83757"));
        assert_eq!(asset.round_px(px("83757.4"), false), px("83758"));
        assert_eq!(asset.round_px(px("99999.5"), false), px("100000"));
    }

    #[test]
    fn the_generated_set_has_every_kind_of_market() {
        let metas = Metas::generated();
        assert_eq!(metas.assets.len(), 13);
        assert_eq!(metas.by_id(10_107), metas.by_name("@107"));
        assert_eq!(metas.by_id(110_001), metas.by_name("xyz:SILVER"));
        assert!(metas.assets.iter().all(|asset| asset.on_tick(asset.start)));
    }

    #[test]
    fn a_name_twice_is_refused() {
        let two = vec![asset(0, true), Asset { id: 1, ..asset(0, true) }];
        let generated = Metas::generated();
        assert!(Metas::new(two, generated.tokens, generated.dexes).is_err());
    }
}
