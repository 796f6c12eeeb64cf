//! What a producer gives is read as it meant it; what it gives wrongly is refused; all of it is released, once.
//!
//! Also under a sanitizer, which sees each byte read beyond a buffer (the producer's are exact):
//! `RUSTFLAGS=-Zsanitizer=address cargo +nightly test -p mm-arrow --target x86_64-unknown-linux-gnu`.
#![allow(
    clippy::unwrap_used,
    clippy::unnecessary_wraps,
    reason = "a test stops at the first surprise; a buffer may be null"
)]

mod producer;

use mm_arrow::{Error, Item, Kind};
use producer::{Data, Living, alone, streamed};

const NULL: Item<'static> = Item::Null;

fn bytes<const N: usize>(values: &[[u8; N]]) -> Option<Vec<u8>> {
    Some(values.concat())
}

fn i32s(values: &[i32]) -> Option<Vec<u8>> {
    bytes(&values.iter().map(|v| v.to_ne_bytes()).collect::<Vec<_>>())
}

fn i64s(values: &[i64]) -> Option<Vec<u8>> {
    bytes(&values.iter().map(|v| v.to_ne_bytes()).collect::<Vec<_>>())
}

fn column(format: &'static str, length: i64, buffers: Vec<Option<Vec<u8>>>) -> Data {
    Data { format, length, buffers, ..Data::default() }
}

fn texts(values: &[&str]) -> Data {
    let mut offsets = vec![0];
    for value in values {
        offsets.push(offsets.last().unwrap() + i32::try_from(value.len()).unwrap());
    }
    column(
        "u",
        values.len().try_into().unwrap(),
        vec![None, i32s(&offsets), Some(values.concat().into_bytes())],
    )
}

/// The values of a column on its own, by the array interface and by a stream of it twice; and all is released.
#[track_caller]
fn reads(data: &Data, expected: &[Item<'_>]) {
    let living = Living::default();
    {
        let table = alone(data, &living).unwrap();
        assert!(table.fields().is_none());
        let columns = table.columns().unwrap();
        assert_eq!(columns[0].items().collect::<Vec<_>>(), expected);
        let mut each = Vec::new();
        let refused = columns[0].parts[0].each(|item| {
            each.push(item);
            if each.len() == expected.len() { Err("the last") } else { Ok(()) }
        });
        assert_eq!(each, expected, "in a loop of its kind");
        assert_eq!(refused.err(), expected.len().checked_sub(1).map(|last| (last, "the last")));
        assert_eq!(columns[0].parts[0].item(expected.len()), Item::Broken, "beyond the last");
        let table = streamed(vec![data.clone(), data.clone()], None, &living).unwrap();
        assert_eq!(
            table.columns().unwrap()[0].items().collect::<Vec<_>>(),
            [expected, expected].concat()
        );
    }
    assert_eq!(living.get(), 0);
}

#[track_caller]
fn refused(data: &Data) {
    let living = Living::default();
    {
        let table = alone(data, &living);
        assert!(matches!(table.and_then(|t| t.columns().map(|_| ())), Err(Error::Broken(_))));
    }
    assert_eq!(living.get(), 0);
}

#[test]
fn whole_numbers_of_every_width() {
    reads(&column("c", 2, vec![None, Some(vec![0xff, 1])]), &[Item::Int(-1), Item::Int(1)]);
    reads(&column("C", 1, vec![None, Some(vec![0xff])]), &[Item::Int(255)]);
    reads(&column("s", 1, vec![None, bytes(&[(-300i16).to_ne_bytes()])]), &[Item::Int(-300)]);
    reads(&column("S", 1, vec![None, bytes(&[60_000u16.to_ne_bytes()])]), &[Item::Int(60_000)]);
    reads(&column("i", 1, vec![None, i32s(&[i32::MIN])]), &[Item::Int(i32::MIN.into())]);
    reads(
        &column("I", 1, vec![None, bytes(&[u32::MAX.to_ne_bytes()])]),
        &[Item::Int(u32::MAX.into())],
    );
    reads(&column("l", 1, vec![None, i64s(&[i64::MIN])]), &[Item::Int(i64::MIN.into())]);
    reads(
        &column("L", 1, vec![None, bytes(&[u64::MAX.to_ne_bytes()])]),
        &[Item::Int(u64::MAX.into())],
    );
    reads(&column("tsm:UTC", 1, vec![None, i64s(&[7])]), &[Item::Int(7)]);
}

#[test]
fn decimals_of_every_width() {
    reads(&column("d:9,2,32", 1, vec![None, i32s(&[-5])]), &[Item::Decimal(-5, 2)]);
    reads(&column("d:9,-2,64", 1, vec![None, i64s(&[5])]), &[Item::Decimal(5, -2)]);
    reads(
        &column("d:38,10", 1, vec![None, bytes(&[i128::MIN.to_ne_bytes()])]),
        &[Item::Decimal(i128::MIN, 10)],
    );
    let (minus_one, mut large) = ([0xff; 32], [0; 32]);
    large[if cfg!(target_endian = "little") { 16 } else { 15 }] = 1;
    let wide = column("d:76,1,256", 2, vec![None, bytes(&[minus_one, large])]);
    reads(&wide, &[Item::Decimal(-1, 1), Item::TooWide]);
}

#[test]
fn texts_by_offsets_and_by_views() {
    let (a, b) = (Item::Text(b"BTC"), Item::Text(b""));
    reads(&texts(&["BTC", ""]), &[a, b]);
    reads(&column("Z", 2, vec![None, i64s(&[0, 3, 3]), Some(b"BTC".to_vec())]), &[a, b]);
    reads(&column("w:3", 2, vec![None, Some(b"BTCETH".to_vec())]), &[a, Item::Text(b"ETH")]);
    let long = b"a name of twenty one";
    let mut views = [[0; 16]; 2];
    views[0][0] = 3;
    views[0][4..7].copy_from_slice(b"BTC");
    views[1][..4].copy_from_slice(&20i32.to_ne_bytes());
    views[1][12..].copy_from_slice(&2i32.to_ne_bytes());
    let data = Some([b"..", &long[..]].concat());
    reads(&column("vu", 2, vec![None, bytes(&views), data, i64s(&[22])]), &[a, Item::Text(long)]);
}

#[test]
fn nulls_and_booleans_are_bits() {
    let flags = |offset| Data {
        offset,
        nulls: 1,
        ..column("b", 3, vec![Some(vec![0b1101_1011]), Some(vec![0b0100_1001])])
    };
    reads(&flags(0), &[Item::Flag(true), Item::Flag(false), NULL]);
    reads(&flags(4), &[Item::Flag(false), NULL, Item::Flag(true)]);
    reads(&Data { nulls: -1, ..flags(0) }, &[Item::Flag(true), Item::Flag(false), NULL]);
    reads(&column("n", 2, vec![]), &[NULL, NULL]);
    let mut dated = texts(&["", "x"]);
    (dated.nulls, dated.buffers[0]) = (1, Some(vec![0b10]));
    reads(&dated, &[NULL, Item::Text(b"x")]);
}

#[test]
fn a_slice_starts_at_its_offset() {
    reads(&Data { offset: 1, ..column("l", 1, vec![None, i64s(&[1, 2])]) }, &[Item::Int(2)]);
    reads(&Data { offset: 1, length: 1, ..texts(&["ab", "c", "d"]) }, &[Item::Text(b"c")]);
}

#[test]
fn a_dictionary_gives_its_values() {
    let indices = column("c", 4, vec![Some(vec![0b1011]), Some(vec![1, 0, 9, 7])]);
    let coins = Data { nulls: 1, dictionary: Some(Box::new(texts(&["BTC", "ETH"]))), ..indices };
    reads(&coins, &[Item::Text(b"ETH"), Item::Text(b"BTC"), NULL, Item::Broken]);
}

#[test]
fn a_table_gives_its_columns_over_its_own_rows() {
    let living = Living::default();
    let coin = Data { name: "coin", ..texts(&["a", "b", "c"]) };
    let oid = Data { name: "oid", offset: 1, ..column("l", 3, vec![None, i64s(&[0, 1, 2, 3])]) };
    let nested = Data { name: "nested", ..column("+s", 3, vec![None]) };
    let rows = Data { offset: 1, children: vec![coin, oid, nested], ..column("+s", 2, vec![None]) };
    {
        let table = streamed(vec![rows.clone(), rows], None, &living).unwrap();
        let names: Vec<_> = table.fields().unwrap().iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["coin", "oid", "nested"]);
        let columns = table.columns().unwrap();
        let (b, c) = (Item::Text(b"b"), Item::Text(b"c"));
        assert_eq!(columns[0].items().collect::<Vec<_>>(), [b, c, b, c]);
        assert_eq!(
            columns[1].items().map(|i| i == Item::Int(2)).collect::<Vec<_>>(),
            [true, false, true, false]
        );
        assert_eq!(columns[2].kind, &Kind::Other("+s".to_owned()));
        assert_eq!(columns[2].items().next(), Some(Item::Broken), "never read");
    }
    assert_eq!(living.get(), 0);
}

#[test]
fn no_rows_need_no_buffers() {
    for format in ["n", "b", "l", "d:9,2", "u", "U", "w:3"] {
        reads(&column(format, 0, vec![None, None, None]), &[]);
        reads(&Data { offset: 3, ..column(format, 0, vec![None, None, None]) }, &[]);
    }
    reads(&column("vu", 0, vec![None, None, None]), &[]);
}

#[test]
fn what_leads_outside_is_broken_and_not_followed() {
    reads(
        &column("u", 2, vec![None, i32s(&[2, 1, 2]), Some(b"ab".to_vec())]),
        &[Item::Broken, Item::Text(b"b")],
    );
    reads(&column("u", 1, vec![None, i32s(&[-1, 1]), Some(b"a".to_vec())]), &[Item::Broken]);
    let view = |length: i32, buffer: i32, offset: i32| {
        let words = [length, 0, buffer, offset].map(i32::to_ne_bytes).concat();
        column("vz", 1, vec![None, Some(words), Some(vec![b'x'; 20]), i64s(&[20])])
    };
    reads(&view(20, 0, 0), &[Item::Text(&[b'x'; 20])]);
    for wrong in [
        view(21, 0, 0),
        view(20, 1, 0),
        view(20, -1, 0),
        view(20, 0, 1),
        view(20, 0, -1),
        view(-1, 0, 0),
    ] {
        reads(&wrong, &[Item::Broken]);
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    refused(&column("l", -1, vec![None, None]));
    refused(&Data { offset: i64::MAX, ..column("l", 1, vec![None, i64s(&[1])]) });
    refused(&column("l", i64::MAX, vec![None, i64s(&[1])]));
    refused(&column("l", 1, vec![None, None]));
    refused(&column("l", 1, vec![None]));
    refused(&Data { nulls: 1, ..column("l", 1, vec![None, i64s(&[1])]) });
    refused(&column("u", 1, vec![None, i32s(&[0, -1]), None]));
    refused(&column("u", 1, vec![None, i32s(&[0, 1]), None]));
    refused(&column("vu", 1, vec![None]));
    let short = Data {
        children: vec![column("l", 1, vec![None, i64s(&[1])])],
        ..column("+s", 2, vec![None])
    };
    refused(&short);
    let nulls = Data { nulls: 1, ..column("+s", 1, vec![Some(vec![0])]) };
    refused(&nulls);
}

#[test]
fn a_producer_that_fails_is_quoted() {
    let living = Living::default();
    let chunk = texts(&["a"]);
    let failed = streamed(vec![chunk.clone(), chunk], Some((1, "the file ends here")), &living);
    assert_eq!(failed.map(|_| ()), Err(Error::Producer("the file ends here".to_owned())));
    assert_eq!(living.get(), 0);
}
