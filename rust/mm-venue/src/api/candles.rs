//! Candles: kept by the minute, brought together for longer intervals (protocol 6.1, 7.1).

use core::fmt::Write as _;
use std::collections::{BTreeMap, VecDeque};

use mm_core::ids::Ms;
use mm_core::num::Px;

use super::json::Value;
use super::write::{list, px, sz};
use crate::chain::{AssetIx, Chain, Lots, Trade};

const MINUTE: Ms = 60_000;
/// Minutes that are remembered of a market, and rows of an answer.
const KEPT: usize = 5_000;

/// The venue's words for intervals.
const INTERVALS: [(&str, Ms); 13] = [
    ("1m", MINUTE),
    ("3m", 3 * MINUTE),
    ("5m", 5 * MINUTE),
    ("15m", 15 * MINUTE),
    ("30m", 30 * MINUTE),
    ("1h", 60 * MINUTE),
    ("2h", 120 * MINUTE),
    ("4h", 240 * MINUTE),
    ("8h", 480 * MINUTE),
    ("12h", 720 * MINUTE),
    ("1d", 1_440 * MINUTE),
    ("3d", 4_320 * MINUTE),
    ("1w", 10_080 * MINUTE),
];

/// The length of an interval.
pub(crate) fn interval(word: &str) -> Option<Ms> {
    INTERVALS.iter().find(|(known, _)| *known == word).map(|(_, ms)| *ms)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Candle {
    start: Ms,
    open: Px,
    close: Px,
    high: Px,
    low: Px,
    volume: Lots,
    trades: u64,
}

impl Candle {
    fn add(&mut self, later: &Self) {
        self.close = later.close;
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.volume += later.volume;
        self.trades += later.trades;
    }
}

/// The minutes of every market, the newest last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candles(BTreeMap<AssetIx, VecDeque<Candle>>);

impl Candles {
    pub(crate) fn note(&mut self, trade: &Trade) {
        let start = trade.time / MINUTE * MINUTE;
        let one = Candle {
            start,
            open: trade.px,
            close: trade.px,
            high: trade.px,
            low: trade.px,
            volume: trade.sz,
            trades: 1,
        };
        let minutes = self.0.entry(trade.asset).or_default();
        match minutes.back_mut() {
            Some(last) if last.start == start => last.add(&one),
            _ => {
                if minutes.len() >= KEPT {
                    minutes.pop_front();
                }
                minutes.push_back(one);
            }
        }
    }

    /// The candles of an interval that begin between two times.
    fn of(&self, asset: AssetIx, length: Ms, from: Ms, to: Ms) -> Vec<Candle> {
        let mut out: Vec<Candle> = Vec::new();
        let minutes = self.0.get(&asset).into_iter();
        let first =
            |minutes: &VecDeque<Candle>| minutes.partition_point(|minute| minute.start < from);
        for minute in minutes.flat_map(|minutes| minutes.range(first(minutes)..)) {
            let start = minute.start / length * length;
            match out.last_mut() {
                Some(last) if last.start == start => last.add(minute),
                _ => out.push(Candle { start, ..*minute }),
            }
        }
        out.retain(|candle| (from..=to).contains(&candle.start));
        out
    }

    /// The newest candle of an interval, as JSON.
    pub(crate) fn newest(&self, chain: &Chain, asset: AssetIx, length: Ms) -> Option<String> {
        let last = self.0.get(&asset)?.back()?.start / length * length;
        let mut out = String::new();
        write(&mut out, chain, asset, length, self.of(asset, length, last, last).last()?);
        Some(out)
    }

    /// The answer to `candleSnapshot`: `{"coin","interval","startTime","endTime"}`.
    pub(crate) fn answer(&self, chain: &Chain, request: &Value<'_>) -> Option<(String, u64)> {
        let length = interval(request.get("interval").text()?)?;
        let (from, to) =
            (request.get("startTime").whole()?, request.get("endTime").whole().unwrap_or(Ms::MAX));
        let asset = chain.metas().by_name(request.get("coin").text()?);
        let rows = asset.map(|asset| (asset, self.of(asset, length, from, to)));
        let count = rows.as_ref().map_or(0, |(_, rows)| rows.len() as u64);
        let rows = rows
            .into_iter()
            .flat_map(|(asset, rows)| rows.into_iter().map(move |row| (asset, row)));
        Some((list(rows, |out, (asset, row)| write(out, chain, asset, length, &row)), count))
    }
}

fn write(out: &mut String, chain: &Chain, asset: AssetIx, length: Ms, candle: &Candle) {
    let meta = chain.metas().asset(asset);
    let word = INTERVALS.iter().find(|(_, ms)| *ms == length).map_or("", |(word, _)| word);
    let _ = write!(
        out,
        r#"{{"t":{},"T":{},"s":"{}","i":"{word}","o":"{}","c":"{}","h":"{}","l":"{}","v":"{}","n":{}}}"#,
        candle.start,
        candle.start + length - 1,
        meta.name,
        px(candle.open),
        px(candle.close),
        px(candle.high),
        px(candle.low),
        sz(candle.volume, meta),
        candle.trades,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::{AccountId, Metas, Settings};
    use mm_core::ids::Side;

    #[test]
    fn minutes_are_brought_together() {
        let chain = Chain::new(Settings::default(), Metas::generated(), 1);
        let mut candles = Candles::default();
        for (time, px) in [(0, 5), (59_999, 9), (60_000, 2), (179_999, 4), (180_000, 7)] {
            candles.note(&Trade {
                asset: AssetIx(0),
                side: Side::Buy,
                px: Px(px * 100_000_000),
                sz: Lots(100_000),
                time,
                tx: 1,
                tid: 1,
                buyer: AccountId(0),
                seller: AccountId(1),
            });
        }
        let request =
            Value::parse(br#"{"coin":"BTC","interval":"3m","startTime":0,"endTime":179999}"#)
                .unwrap();
        let (rows, count) = candles.answer(&chain, &request).unwrap();
        assert_eq!(count, 1);
        let expected = r#"[{"t":0,"T":179999,"s":"BTC","i":"3m","o":"5.0","c":"4.0","h":"9.0","l":"2.0","v":"4.0","n":4}]"#;
        assert_eq!(rows, expected);
        assert!(candles.newest(&chain, AssetIx(0), MINUTE).unwrap().contains(r#""o":"7.0""#));
        assert_eq!(candles.newest(&chain, AssetIx(1), MINUTE), None);
    }
}
