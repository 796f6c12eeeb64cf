//! One order as the venue takes it (protocol 3.2).

use mm_core::error::Error;
use mm_core::ids::{Cloid, Oid};
use mm_core::num::{NumError, Px, Sz};

use super::pen::{Pen, SZ_FINER};

/// Time in force, with the venue's own words.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WireTif {
    /// Add liquidity only: refused if it would match.
    Alo,
    /// Immediate or cancel.
    Ioc,
    /// Good till cancelled.
    Gtc,
    /// Immediate or cancel, shown as a market order.
    FrontendMarket,
}

impl WireTif {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Alo, Self::Ioc, Self::Gtc, Self::FrontendMarket];

    /// The venue's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Alo => "Alo",
            Self::Ioc => "Ioc",
            Self::Gtc => "Gtc",
            Self::FrontendMarket => "FrontendMarket",
        }
    }

    /// Reads the venue's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tif| tif.word() == word)
    }
}

/// What a trigger order is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Tpsl {
    /// Takes a profit.
    Tp,
    /// Stops a loss.
    Sl,
}

impl Tpsl {
    /// The venue's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tp => "tp",
            Self::Sl => "sl",
        }
    }
}

/// When an order works.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// At once.
    Limit(WireTif),
    /// Once a price is reached.
    Trigger {
        /// Then it takes whatever is there, up to its price.
        is_market: bool,
        /// That price.
        trigger_px: Px,
        /// What it is for.
        tpsl: Tpsl,
    },
}

/// An order. What can be made can be sent: its numbers are positive and have at most 8 decimals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Order {
    asset: u32,
    is_buy: bool,
    px: Px,
    sz: Sz,
    kind: Kind,
    cloid: Option<Cloid>,
    reduce_only: bool,
}

impl Order {
    /// Checks that price and size are positive and that the wire can say them.
    pub fn new(
        (asset, is_buy): (u32, bool),
        px: Px,
        sz: Sz,
        kind: Kind,
        cloid: Option<Cloid>,
        reduce_only: bool,
    ) -> Result<Self, Error> {
        positive("px", i128::from(px.0))?;
        if let Kind::Trigger { trigger_px, .. } = kind {
            positive("trigger_px", i128::from(trigger_px.0))?;
        }
        wire_size("sz", sz)?;
        Ok(Self { asset, is_buy, px, sz, kind, cloid, reduce_only })
    }

    /// The asset's id.
    pub const fn asset(&self) -> u32 {
        self.asset
    }

    /// It buys.
    pub const fn is_buy(&self) -> bool {
        self.is_buy
    }

    /// The limit, or the worst price.
    pub const fn px(&self) -> Px {
        self.px
    }

    /// How much.
    pub const fn sz(&self) -> Sz {
        self.sz
    }

    /// When it works.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Our name.
    pub const fn cloid(&self) -> Option<Cloid> {
        self.cloid
    }

    /// It may only reduce the position.
    pub const fn reduce_only(&self) -> bool {
        self.reduce_only
    }

    pub(super) fn write(&self, pen: &mut Pen) {
        pen.open(if self.cloid.is_some() { 7 } else { 6 });
        pen.name("a");
        pen.uint(u64::from(self.asset));
        pen.name("b");
        pen.flag(self.is_buy);
        pen.name("p");
        pen.px(self.px);
        pen.name("s");
        pen.sz(self.sz);
        pen.name("r");
        pen.flag(self.reduce_only);
        pen.name("t");
        pen.open(1);
        match self.kind {
            Kind::Limit(tif) => {
                pen.name("limit");
                pen.open(1);
                pen.name("tif");
                pen.plain(tif.word());
            }
            Kind::Trigger { is_market, trigger_px, tpsl } => {
                pen.name("trigger");
                pen.open(3);
                pen.name("isMarket");
                pen.flag(is_market);
                pen.name("triggerPx");
                pen.px(trigger_px);
                pen.name("tpsl");
                pen.plain(tpsl.word());
            }
        }
        pen.close();
        pen.close();
        if let Some(cloid) = self.cloid {
            pen.name("c");
            pen.cloid(cloid);
        }
        pen.close();
    }
}

/// The order that is meant: by the venue's name or by ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// The venue's.
    Oid(Oid),
    /// Ours.
    Cloid(Cloid),
}

impl Target {
    pub(super) fn write(self, pen: &mut Pen) {
        match self {
            Self::Oid(oid) => pen.uint(oid.0),
            Self::Cloid(cloid) => pen.cloid(cloid),
        }
    }
}

fn positive(field: &'static str, value: i128) -> Result<(), Error> {
    match value {
        0 => Err(Error::Field(field, NumError::Zero)),
        value if value < 0 => Err(Error::Field(field, NumError::Negative)),
        _ => Ok(()),
    }
}

/// A size that the wire can say.
pub(super) fn wire_size(field: &'static str, sz: Sz) -> Result<(), Error> {
    positive(field, sz.0)?;
    if sz > mm_core::num::SZ_MAX {
        return Err(Error::Field(field, NumError::TooLarge));
    }
    let finer = match u64::try_from(sz.0) {
        Ok(small) => small % SZ_FINER != 0,
        Err(_) => sz.0 % i128::from(SZ_FINER) != 0,
    };
    if finer { Err(Error::Field(field, NumError::TooManyDecimals)) } else { Ok(()) }
}
