use super::*;
use proptest::prelude::*;

fn px(text: &str) -> Rough {
    Rough::parse(text.as_bytes(), PX_DECIMALS).unwrap()
}

fn grid(kind: Kind, sz_decimals: u32) -> Grid {
    Grid::new(kind, sz_decimals).unwrap()
}

#[test]
fn the_table_of_the_protocol() {
    let cases: &[(Kind, u32, &[&str], &[&str])] = &[
        (Kind::Perp, 5, &["83757", "9999.5", "123456", "0.1"], &["83757.5", "999.55", "0.15"]),
        (Kind::Perp, 1, &["1234.5", "0.01234", "1234567"], &["1234.56", "0.012345"]),
        (Kind::Perp, 0, &["0.001234", "1.2345"], &["0.0012345", "1.23456"]),
        (Kind::Dex, 3, &["80.601", "250.2"], &["80.6011", "250.255"]),
        (Kind::Spot, 0, &["0.0001234", "0.00000001"], &["0.000123456", "0.000000001"]),
        (Kind::Spot, 1, &["0.0001234"], &["0.00000001"]),
        (Kind::Spot, 3, &["1.2345"], &["0.0001234"]),
    ];
    for &(kind, sz_decimals, ok, refused) in cases {
        let grid = grid(kind, sz_decimals);
        for text in ok {
            assert!(grid.is_valid_px(px(text)), "{kind:?} {sz_decimals} {text}");
        }
        for text in refused {
            assert!(!grid.is_valid_px(px(text)), "{kind:?} {sz_decimals} {text}");
        }
    }
}

#[test]
fn the_decades_are_crossed() {
    let btc = grid(Kind::Perp, 5);
    let up = |text: &str| btc.above(px(text)).unwrap().to_string();
    let down = |text: &str| btc.below(px(text)).unwrap().to_string();
    assert_eq!(
        (up("99999"), up("100000"), up("9999.9")),
        ("100000".into(), "100001".into(), "10000".into())
    );
    assert_eq!(
        (down("100001"), down("100000"), down("10000")),
        ("100000".into(), "99999".into(), "9999.9".into())
    );
    assert_eq!((up("83757.4"), down("83757.4")), ("83758".into(), "83757".into()));
    assert_eq!(up("0.00000001"), "0.1");
    assert_eq!(btc.below(px("0.1")), Err(GridError::ToZero));
}

#[test]
fn bids_go_down_asks_go_up_and_none_past_its_limit() {
    let btc = grid(Kind::Perp, 5);
    let round = |text: &str, side, limit: Option<&str>| {
        btc.round_px(px(text), side, limit.map(px)).map(|px| px.to_string())
    };
    assert_eq!(round("83757.9", Side::Buy, None), Ok("83757".into()));
    assert_eq!(round("83757.0000000001", Side::Sell, None), Ok("83758".into()));
    assert_eq!(round("83757", Side::Sell, None), Ok("83757".into()));
    assert_eq!(round("83757.9", Side::Buy, Some("83700.5")), Ok("83700".into()));
    assert_eq!(round("83757.9", Side::Sell, Some("83800.5")), Ok("83801".into()));
    assert_eq!(round("83757.9", Side::Buy, Some("90000")), Ok("83757".into()));
    assert_eq!(round("0.09", Side::Buy, None), Err(GridError::ToZero));
    assert_eq!(round("0.0000000001", Side::Sell, None), Ok("0.1".into()));
}

#[test]
fn sizes() {
    let btc = grid(Kind::Perp, 5);
    let sz = |text: &str| Rough::parse(text.as_bytes(), SZ_DECIMALS).unwrap();
    assert_eq!(btc.round_sz(sz("0.000019999999999")), Ok(Sz(100_000)));
    assert_eq!(btc.round_sz(sz("0.0000099")), Err(GridError::ToZero));
    assert!(btc.is_valid_sz(sz("0.00001")) && !btc.is_valid_sz(sz("0.000011")));
    let ten = Rough::parse(b"10", MONEY).unwrap();
    let reach = btc.sz_to_reach(Px(83_757 * ONE), ten).unwrap();
    assert_eq!(reach.to_string(), "0.00012");
    assert!(is_worth(Px(83_757 * ONE), reach, ten).unwrap());
    assert!(!is_worth(Px(83_757 * ONE), Sz(reach.0 - btc.lot().0), ten).unwrap());
    assert!(is_worth(Px(10 * ONE), Sz(10i128.pow(10)), ten).unwrap(), "ten are ten");
}

#[test]
fn no_number_is_no_panic() {
    for text in ["", "-", ".", "-1", "0", "0.00", "1e5", "1.2.3", " 1", "٣", "NaN"] {
        assert!(Rough::parse(text.as_bytes(), 8).is_err(), "{text}");
    }
    let huge = "9".repeat(127);
    assert_eq!(Rough::parse(huge.as_bytes(), 8), Err(NumError::TooLarge));
    let largest = px("92233720368.54775807");
    let btc = grid(Kind::Spot, 0);
    assert_eq!(btc.above(largest), Err(GridError::Num(NumError::TooLarge)));
    assert_eq!(btc.round_px(largest, Side::Sell, None), Err(GridError::Num(NumError::TooLarge)));
    assert_eq!(btc.round_px(largest, Side::Buy, None), Ok(Px(92_233_720_368 * ONE)));
    assert!(btc.sz_to_reach(Px(1), px("92233720368")).is_ok());
    assert!(Grid::new(Kind::Perp, 11).is_none());
}

#[test]
fn the_largest_numbers_are_too_large() {
    let end = i128::MAX.to_string(); // nothing is one above it
    for (decimals, more) in [(PX_DECIMALS, ""), (PX_DECIMALS, "5"), (MONEY, ""), (MONEY, "5")] {
        let (whole, fraction) = end.split_at(end.len() - decimals as usize);
        let text = format!("{whole}.{fraction}{more}");
        assert_eq!(Rough::parse(text.as_bytes(), decimals), Err(NumError::TooLarge), "{text}");
    }
    let below = (i128::MAX - 1).to_string();
    let (whole, fraction) = below.split_at(below.len() - PX_DECIMALS as usize);
    let below = px(&format!("{whole}.{fraction}5"));
    let too_large = Err(GridError::Num(NumError::TooLarge));
    let btc = grid(Kind::Perp, 5);
    assert_eq!(btc.above(below), too_large);
    assert_eq!(btc.below(below), too_large);
    assert_eq!(btc.round_px(below, Side::Sell, None), too_large);
    assert_eq!(btc.round_px(px("1"), Side::Sell, Some(below)), too_large);
    assert_eq!(
        grid(Kind::Spot, 10).sz_to_reach(Px(1), below),
        Err(GridError::Num(NumError::TooLarge))
    );
}

/// The rule once more, on the digits of the text.
fn valid(text: &str, px_decimals: usize) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    let figures = digits.trim_start_matches('0').len();
    figures > 0 && (fraction.is_empty() || figures <= 5 && fraction.len() <= px_decimals)
}

fn kinds() -> impl Strategy<Value = (Kind, u32)> {
    let kind = prop_oneof![Just(Kind::Perp), Just(Kind::Spot), Just(Kind::Dex)];
    (kind, 0u32..=10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_grid_is_the_rule((kind, sz_decimals) in kinds(), text in "[0-9]{1,9}(\\.[0-9]{1,9})?") {
        let grid = grid(kind, sz_decimals);
        let Ok(rough) = Rough::parse(text.as_bytes(), PX_DECIMALS) else { return Ok(()) };
        prop_assert_eq!(grid.is_valid_px(rough), valid(&text, grid.px_decimals() as usize));
    }

    #[test]
    fn neighbours_are_neighbours((kind, sz_decimals) in kinds(), value in 1i64..2_000_000_000_000_000) {
        let grid = grid(kind, sz_decimals);
        let at = Rough::from_px(Px(value));
        let above = grid.above(at).unwrap();
        prop_assert!(above.0 > value && grid.is_valid_px(Rough::from_px(above)));
        let up = grid.round_px(at, Side::Sell, None).unwrap();
        prop_assert!(up.0 >= value && (up.0 == value) == grid.is_valid_px(at));
        match grid.below(at) {
            Ok(below) => {
                prop_assert!(below.0 < value && grid.is_valid_px(Rough::from_px(below)));
                // Nothing valid lies between: the next above the one below is not before this place.
                let next = grid.above(Rough::from_px(below)).unwrap();
                prop_assert!(next.0 >= value);
                let down = grid.round_px(at, Side::Buy, None).unwrap();
                prop_assert_eq!(down, if grid.is_valid_px(at) { Px(value) } else { below });
            }
            Err(why) => prop_assert_eq!(why, GridError::ToZero),
        }
    }

    #[test]
    fn no_limit_is_passed((kind, sz_decimals) in kinds(), px: u32, limit: u32) {
        let grid = grid(kind, sz_decimals);
        let (px, limit) = (Px(i64::from(px) * 1_000 + 1), Px(i64::from(limit) * 1_000 + 1));
        let (at, bound) = (Rough::from_px(px), Rough::from_px(limit));
        if let Ok(bid) = grid.round_px(at, Side::Buy, Some(bound)) {
            prop_assert!(bid <= px.min(limit));
        }
        prop_assert!(grid.round_px(at, Side::Sell, Some(bound)).unwrap() >= px.max(limit));
    }
}
