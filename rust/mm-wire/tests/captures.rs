//! Everything recorded from the venue that is at hand: it decodes, and nothing is surfaced but what is explained.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "reads recordings, and checks against doubles"
)]

mod common;

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Told, decode, decode_fills};
use mm_core::event::Status;
use mm_wire::{Channel, Refusal};
use serde_json::Value;

/// The recordings, if they are there.
fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("MM_SHARED").map_or_else(beside, PathBuf::from);
    if path.join("vectors/captures").is_dir() {
        return Some(path);
    }
    println!("skipped: no recordings in {} (set MM_SHARED)", path.display());
    None
}

/// The text of a recording, unpacked if need be; `None` when the tool for that is not there.
fn text(path: &Path) -> Option<String> {
    let tool = match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => "gzip",
        Some("zst") => "zstd",
        _ => return Some(fs::read_to_string(path).unwrap()),
    };
    let child = Command::new(tool).arg("-dc").arg(path).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        println!("skipped: {} (no {tool})", path.display());
        return None;
    };
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    Some(text)
}

fn captures(shared: &Path) -> Vec<(String, Value)> {
    let mut files: Vec<_> = fs::read_dir(shared.join("vectors/captures"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    let mut items = Vec::new();
    for path in files {
        let file: Value = serde_json::from_str(&text(&path).unwrap()).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        items.extend(
            file["items"].as_array().unwrap().iter().map(|item| (name.clone(), item.clone())),
        );
    }
    items
}

fn roundtrips(shared: &Path) -> Vec<Value> {
    let mut lines = Vec::new();
    for name in [
        "frames_captured.jsonl",
        "frames_roq_tests.jsonl",
        "rest_testnet_mainnet_2025.jsonl",
        "rest_sdk_cassettes.jsonl.gz",
    ] {
        let Some(text) = text(&shared.join("data/roundtrips").join(name)) else { continue };
        lines.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    lines
}

#[derive(Default, Debug, PartialEq)]
struct Count {
    frames: usize,
    fills: usize,
    updates: usize,
    others: usize,
    surfaced: usize,
}

/// Decodes a frame and checks what can be checked from outside.
fn frame(text: &str, whence: &str, count: &mut Count) {
    let told = decode(text.as_bytes()).unwrap_or_else(|error| panic!("{whence}: {error}\n{text}"));
    let plain: Value = serde_json::from_str(text).unwrap();
    let Told::Begin(head) = told[0] else { unreachable!() };
    match head.channel {
        Channel::UserFills => {
            assert_eq!(Some(head.snapshot), plain["data"]["isSnapshot"].as_bool());
            assert_eq!(head.user, plain["data"]["user"].as_str());
            assert_eq!(
                plain["data"]["fills"].as_array().unwrap().len(),
                told.len() - 1,
                "{whence}"
            );
        }
        Channel::OrderUpdates => {
            assert_eq!(plain["data"].as_array().unwrap().len(), told.len() - 1);
        }
        Channel::User => assert_eq!(plain["data"].as_object().unwrap().len(), 1),
        Channel::Other(name) => {
            assert_eq!(Some(name), plain["channel"].as_str());
            assert_eq!(told.len(), 1);
        }
    }
    count.frames += 1;
    for told in &told[1..] {
        match told {
            Told::Fill(_) => count.fills += 1,
            Told::Update(update) => {
                assert_ne!(update.status, Status::Unknown, "{}", update.word);
                count.updates += 1;
            }
            Told::Other(key, _) => {
                assert_eq!(*key, "funding", "{whence}");
                count.others += 1;
            }
            Told::Surfaced(record, _, why) => {
                // The one capture whose maker cut the placement's time off; the README says so.
                assert_eq!(
                    whence,
                    "tick_reduce_only.json",
                    "{why}: {}",
                    String::from_utf8_lossy(record)
                );
                assert_eq!(*why, Refusal::Missing { name: "timestamp" });
                count.surfaced += 1;
            }
            told => panic!("{whence}: {told:?}"),
        }
    }
}

#[test]
fn every_frame_decodes() {
    let Some(shared) = shared() else { return };
    let mut count = Count::default();
    for (name, item) in captures(&shared) {
        if item["kind"] == "ws-in" {
            frame(&item["body"].to_string(), &name, &mut count);
        }
    }
    for line in roundtrips(&shared) {
        let body = line["body"].as_str().unwrap();
        if body.starts_with("{\"channel\"") {
            frame(body, "frames", &mut count);
        }
    }
    println!("{count:?}");
    assert_eq!(count.surfaced, 1);
    assert!(
        count.frames > 50 && count.fills > 10 && count.updates > 10 && count.others == 1,
        "{count:?}"
    );
}

/// Checks a list of fills against the general reader, field by field; gives their number.
fn fills(text: &str, whence: &str) -> usize {
    let plain: Value = serde_json::from_str(text).unwrap();
    let told = decode_fills(text.as_bytes()).unwrap_or_else(|error| panic!("{whence}: {error}"));
    let plain = plain.as_array().unwrap();
    assert_eq!(plain.len(), told.len(), "{whence}");
    for (plain, told) in plain.iter().zip(&told) {
        let Told::Fill(fill) = told else { panic!("{whence}: {told:?}") };
        let shown = |value: String| {
            if value.contains('.') { value } else { format!("{value}.0") }
        };
        assert_eq!(plain["coin"], fill.coin);
        assert_eq!(plain["px"], shown(fill.px.to_string()));
        assert_eq!(plain["sz"], shown(fill.sz.to_string()));
        assert_eq!(plain["side"], fill.side.letter().to_string());
        assert_eq!(plain["time"], fill.time);
        assert_eq!(plain["oid"], fill.oid.0);
        assert_eq!(plain["tid"].as_u64().unwrap_or(0), fill.tid);
        assert_eq!(plain["crossed"], fill.crossed.unwrap());
        assert_eq!(plain["fee"], shown(fill.fee.unwrap().to_string()));
        assert_eq!(plain["closedPnl"], shown(fill.closed_pnl.unwrap().to_string()));
        assert_eq!(plain["feeToken"].as_str().unwrap_or(""), fill.fee_token);
        assert_eq!(plain["cloid"].as_str(), fill.cloid.map(|c| c.to_string()).as_deref());
        assert_eq!(plain["liquidation"]["liquidatedUser"].as_str(), fill.liquidated);
        let start: f64 = plain["startPosition"].as_str().unwrap().parse().unwrap();
        assert_eq!(start.to_string(), fill.start.unwrap().to_string());
    }
    told.len()
}

#[test]
fn every_rest_answer_of_fills_decodes() {
    let Some(shared) = shared() else { return };
    let mut count = 0;
    let mut take = |body: &Value, whence: &str| {
        let is_fill = |first: &Value| first["startPosition"].is_string();
        if body.as_array().and_then(|list| list.first()).is_some_and(is_fill) {
            count += fills(&body.to_string(), whence);
        }
    };
    for (name, item) in captures(&shared) {
        take(&item["body"], &name);
        for part in item["body"].as_object().into_iter().flat_map(|body| body.values()) {
            take(part, &name);
        }
    }
    for line in roundtrips(&shared) {
        if let Ok(body) = serde_json::from_str(line["body"].as_str().unwrap()) {
            take(&body, "roundtrips");
        }
    }
    let files = shared.join("data/fills");
    for name in [
        "account_dae4_btc_fills_2026.json.gz",
        "account_b7b6_userFills_2023_selftrades.json.gz",
        "odd_fills_dust_nettedvaults_2026.json",
    ] {
        count += text(&files.join(name)).map_or(0, |text| fills(&text, name));
    }
    println!("{count} fills");
    assert!(count > 700);
}

/// All fills of all accounts in 667 blocks: everything that the venue writes into a fill, and in every
/// (account, coin) each fill starts where the one before ended, to the last digit.
#[test]
fn a_minute_of_the_whole_venue_decodes_and_its_chains_close() {
    let Some(shared) = shared() else { return };
    let path = shared.join("data/fills/node_fills_20251027_blocks_777010829_777011495.jsonl.zst");
    let Some(text) = text(&path) else { return };
    let mut list = Vec::new();
    let mut users = Vec::new();
    for line in text.lines() {
        let block: Value = serde_json::from_str(line).unwrap();
        for event in block["events"].as_array().unwrap() {
            users.push(event[0].as_str().unwrap().to_owned());
            list.push(event[1].to_string());
        }
    }
    assert_eq!(fills(&format!("[{}]", list.join(",")), "node fills"), 4_756);

    // As the venue wrote them, keys in its own order.
    let raw: Vec<_> = text.lines().flat_map(records).collect();
    let raw = format!("[{}]", raw.join(","));
    assert_eq!(fills(&raw, "node fills"), 4_756);

    let mut ends = HashMap::new();
    let mut links = 0;
    for (user, told) in users.iter().zip(decode_fills(raw.as_bytes()).unwrap()) {
        let Told::Fill(fill) = told else { unreachable!() };
        // On spot markets a fee in the base token is taken from the position. @166 is USDT0 itself.
        let spot = fill.coin.starts_with('@') || fill.coin.contains('/');
        let quote =
            ["USDC", "USDT0", "USDH", "USDE"].contains(&fill.fee_token) && fill.coin != "@166";
        let fee = if spot && !quote { fill.fee.unwrap().0 } else { 0 };
        let end = fill.start.unwrap().0 + fill.side.sign() * fill.sz.0 - fee;
        if let Some(before) = ends.insert((user, fill.coin), end) {
            assert_eq!(before, fill.start.unwrap().0, "{user} {fill:?}");
            links += 1;
        }
    }
    println!("{links} links");
    assert!(links > 2_500);
}

/// The fill objects of one line, as they stand.
fn records(line: &str) -> Vec<&str> {
    let starts: Vec<_> = line.match_indices("{\"coin\"").map(|(at, _)| at).collect();
    let end = |from: usize| from + line[from..].find("}]").unwrap() + 1;
    starts.into_iter().map(|from| &line[from..end(from)]).collect()
}
