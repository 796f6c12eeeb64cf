//! Real metas: the venue's own answers to `metaAndAssetCtxs` and `spotMetaAndAssetCtxs`, or to `meta` and `spotMeta`.

use mm_core::num::{PX_DECIMALS, Px, parse_scaled};

use super::json::Value;
use crate::chain::{
    Address, Asset, DEX_BASE, DEX_STEP, Dex, Kind, MetaError, Metas, SPOT_BASE, Token, TokenIx,
};

/// Where a market starts of which no price is told: one.
const NO_PRICE: i64 = 10i64.pow(PX_DECIMALS);

impl Metas {
    /// Reads the answers by dex, the main one ("") first, and that about spot, if there is to be any.
    ///
    /// With contexts each market starts at its mark; without, at one. Asset ids follow from the places in the answers,
    /// delisted ones included.
    pub fn read(perps: &[(&str, &[u8])], spot: Option<&[u8]>) -> Result<Self, MetaError> {
        let (mut assets, mut dexes) = (Vec::new(), Vec::new());
        if perps.first().is_none_or(|(name, _)| !name.is_empty()) {
            return Err(MetaError("the first dex is not the main one, whose name is empty".into()));
        }
        for (dex, (name, body)) in (0u8..).zip(perps) {
            let wrong = |what: &str| MetaError(format!("dex {name:?}: {what}"));
            let body = Value::parse(body).map_err(|_| wrong("is no JSON"))?;
            let (meta, contexts) = with_contexts(&body);
            let universe = meta.get("universe").list().ok_or_else(|| wrong("has no universe"))?;
            let base = if dex == 0 { 0 } else { DEX_BASE + DEX_STEP * u32::from(dex) };
            for (place, one) in universe.iter().enumerate() {
                let id = base + u32::try_from(place).map_err(|_| wrong("is too large"))?;
                let context = contexts.and_then(|contexts| contexts.get(place));
                assets.push(
                    perp(one, context, id, dex)
                        .ok_or_else(|| wrong(&format!("asset {place} cannot be read")))?,
                );
            }
            let deployer =
                if dex == 0 { Address::default() } else { Address::synthetic(9, u64::from(dex)) };
            dexes.push(Dex { name: (*name).into(), deployer });
        }
        let tokens = match spot {
            None => vec![Token { name: "USDC".into(), index: 0, sz_decimals: 8, wei_decimals: 8 }],
            Some(body) => read_spot(body, &mut assets)?,
        };
        Self::new(assets, tokens, dexes)
    }
}

/// `[meta, contexts]`, or a meta alone.
fn with_contexts<'a>(body: &'a Value<'a>) -> (&'a Value<'a>, Option<&'a [Value<'a>]>) {
    match body.list() {
        Some([meta, contexts, ..]) => (meta, contexts.list()),
        _ => (body, None),
    }
}

fn start(context: Option<&Value<'_>>) -> Px {
    let mark = context.and_then(|context| context.get("markPx").text());
    let mark = mark
        .and_then(|mark| parse_scaled(mark.as_bytes(), PX_DECIMALS + 4).ok())
        .map(|mark| mark / 10_000);
    Px(mark.and_then(|mark| i64::try_from(mark).ok()).filter(|mark| *mark > 0).unwrap_or(NO_PRICE))
}

fn on_grid(asset: Asset) -> Asset {
    let start = asset.round_px(asset.start, asset.start.0 > asset.tick(asset.start));
    Asset { start, ..asset }
}

fn perp(one: &Value<'_>, context: Option<&Value<'_>>, id: u32, dex: u8) -> Option<Asset> {
    let small = |name| one.get(name).whole().and_then(|n| u32::try_from(n).ok());
    let flag = |name| one.get(name).truth().unwrap_or(false);
    Some(on_grid(Asset {
        id,
        name: one.get("name").text()?.into(),
        sz_decimals: small("szDecimals").filter(|decimals| *decimals <= 6)?,
        delisted: flag("isDelisted"),
        kind: Kind::Perp {
            dex,
            max_leverage: small("maxLeverage")?,
            only_isolated: flag("onlyIsolated"),
        },
        start: start(context),
    }))
}

fn read_spot(body: &[u8], assets: &mut Vec<Asset>) -> Result<Vec<Token>, MetaError> {
    let wrong = |what: &str| MetaError(format!("spot: {what}"));
    let body = Value::parse(body).map_err(|_| wrong("is no JSON"))?;
    let (meta, contexts) = with_contexts(&body);
    let mut tokens = Vec::new();
    for token in meta.get("tokens").list().ok_or_else(|| wrong("has no tokens"))? {
        let small = |name| token.get(name).whole().and_then(|n| u32::try_from(n).ok());
        let read = || {
            Some(Token {
                name: token.get("name").text()?.into(),
                index: small("index")?,
                sz_decimals: small("szDecimals").filter(|decimals| *decimals <= 8)?,
                wei_decimals: small("weiDecimals")?,
            })
        };
        tokens.push(read().ok_or_else(|| wrong("a token cannot be read"))?);
    }
    tokens.sort_by_key(|token| token.index);
    if tokens.first().is_none_or(|token| token.index != 0) {
        return Err(wrong("token 0 is missing"));
    }
    for pair in meta.get("universe").list().ok_or_else(|| wrong("has no universe"))? {
        let read = || {
            let name = pair.get("name").text()?;
            let index = u32::try_from(pair.get("index").whole()?).ok()?;
            let [base, quote] = pair.get("tokens").list()? else { return None };
            let place = |token: &Value<'_>| {
                let index = u32::try_from(token.whole()?).ok()?;
                let place = tokens.iter().position(|token| token.index == index)?;
                u16::try_from(place).ok().map(TokenIx)
            };
            let (base, quote) = (place(base)?, place(quote)?);
            let all = contexts.unwrap_or_default();
            let context = all.iter().find(|context| context.get("coin").text() == Some(name));
            Some(on_grid(Asset {
                id: SPOT_BASE.checked_add(index)?,
                name: name.into(),
                sz_decimals: tokens.get(usize::from(base.0))?.sz_decimals,
                delisted: false,
                kind: Kind::Spot { base, quote },
                start: start(context),
            }))
        };
        assets.push(read().ok_or_else(|| wrong("a pair cannot be read"))?);
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Chain;

    #[test]
    fn the_venues_own_answers_are_read_again() {
        let generated = Metas::generated();
        let chain = Chain::new(crate::chain::Settings::default(), generated.clone(), 1);
        let (main, xyz) = (
            super::super::info::meta_and_contexts(&chain, 0),
            super::super::info::meta_and_contexts(&chain, 1),
        );
        let spot = super::super::info::spot_meta_and_contexts(&chain);
        let read =
            Metas::read(&[("", main.as_bytes()), ("xyz", xyz.as_bytes())], Some(spot.as_bytes()))
                .unwrap();
        for asset in &generated.assets {
            let again = read.asset(read.by_id(asset.id).unwrap());
            assert_eq!(
                (&again.name, again.sz_decimals, again.start),
                (&asset.name, asset.sz_decimals, asset.start)
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_place() {
        for (perps, spot) in [
            (&[("xyz", &b"{}"[..])][..], None),
            (&[("", b"{")], None),
            (&[("", br#"{"universe":[{"name":"A","szDecimals":9,"maxLeverage":1}]}"#)], None),
            (&[("", br#"{"universe":[]}"#)], Some(&b"[]"[..])),
        ] {
            assert!(Metas::read(perps, spot).is_err());
        }
    }
}
