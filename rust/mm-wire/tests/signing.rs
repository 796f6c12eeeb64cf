//! Signatures against the published vectors, the typed way against the textual one, and nonces over threads.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![allow(
    clippy::disallowed_methods,
    reason = "reads vectors where they are, and asks threads for nonces"
)]

use std::path::{Path, PathBuf};

use mm_core::error::Error;
use mm_core::ids::{Cloid, Oid};
use mm_core::num::{Px, Sz};
use mm_wire::action::user::UserAction;
use mm_wire::action::{Action, Builder, Grouping, Kind, Order, Ordered, Target, Tpsl, WireTif};
use mm_wire::nonce::Nonces;
use mm_wire::sign::{Address, Key, Network, Signer, connection_id, digest, open, recover};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

const KEY: &str = "0x0123456789012345678901234567890123456789012345678901234567890123";
const NONCE: u64 = 1_767_225_600_123;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn signer(network: Network, vault: Option<&str>) -> Signer {
    Signer::new(
        Key::parse(KEY).unwrap(),
        network,
        vault.map(|vault| Address::parse(vault).unwrap()),
    )
}

// The published vectors --------------------------------------------------------------------------

#[derive(Deserialize)]
struct Vectors {
    #[serde(borrow)]
    l1_vectors: Vec<Vector<'static>>,
    user_signed_vectors: Vec<UserVector>,
}

#[derive(Deserialize)]
struct Vector<'a> {
    id: String,
    private_key: String,
    signer: String,
    is_mainnet: bool,
    nonce: u64,
    vault_address: Option<String>,
    expires_after: Option<u64>,
    #[serde(borrow)]
    action: &'a RawValue,
    msgpack_hex: String,
    preimage_hex: String,
    connection_id: String,
    eip712_digest: String,
    signature: Rsv,
}

#[derive(Deserialize, PartialEq, Debug)]
struct Rsv {
    r: String,
    s: String,
    v: u8,
}

#[derive(Deserialize)]
struct UserVector {
    id: String,
    private_key: String,
    signer: String,
    is_mainnet: bool,
    message_after_sdk_adds_fields: serde_json::Map<String, serde_json::Value>,
    signature: Rsv,
}

#[derive(Deserialize)]
struct Body {
    signature: Rsv,
}

fn vectors() -> Option<Vectors> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("MM_SHARED")
        .map_or_else(beside, PathBuf::from)
        .join("vectors/signing.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no {} (set MM_SHARED)", path.display());
        return None;
    };
    Some(serde_json::from_str(text.leak()).unwrap())
}

fn signed(body: &[u8]) -> Rsv {
    serde_json::from_slice::<Body>(body).unwrap().signature
}

#[test]
fn every_l1_vector_byte_for_byte() {
    let Some(vectors) = vectors() else { return };
    assert!(vectors.l1_vectors.len() >= 173);
    for vector in vectors.l1_vectors {
        let id = &vector.id;
        let text = vector.action.get().as_bytes();
        let network = Network::of(vector.is_mainnet);
        let vault = vector.vault_address.as_deref().map(|vault| Address::parse(vault).unwrap());
        let ordered = Ordered::read(text).unwrap();
        let packed = ordered.packed.clone();
        assert_eq!(hex(&packed), vector.msgpack_hex, "{id}");
        // The preimage is the msgpack, and after it what `connection_id` adds: seen through its hash.
        let preimage: Vec<u8> = (2..vector.preimage_hex.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&vector.preimage_hex[i..i + 2], 16).unwrap())
            .collect();
        assert_eq!(hex(&mm_wire::keccak::keccak256(&preimage)), vector.connection_id, "{id}");
        let hash = connection_id(packed, vector.nonce, vault, vector.expires_after);
        assert_eq!(hex(&hash), vector.connection_id, "{id}");
        assert_eq!(hex(&digest(&hash, network)), vector.eip712_digest, "{id}");
        let signer = Signer::new(Key::parse(&vector.private_key).unwrap(), network, vault);
        assert_eq!(signer.address().to_string(), vector.signer, "{id}");
        let body = signer.ordered(ordered, vector.nonce, vector.expires_after);
        assert_eq!(signed(&body), vector.signature, "{id}");

        // The venue writes numbers its own way, and has no `dummy`.
        let as_sent = !vector.action.get().contains(".0\"");
        match recover(&body, network) {
            Ok(told) => assert_eq!(told.to_string() == vector.signer, as_sent, "{id}"),
            Err(why) => assert!(id.starts_with("dummy"), "{id}: {why}"),
        }
    }
}

#[test]
fn every_user_signed_vector() {
    let Some(vectors) = vectors() else { return };
    assert!(vectors.user_signed_vectors.len() >= 6);
    for vector in vectors.user_signed_vectors {
        let message = &vector.message_after_sdk_adds_fields;
        let text = |name: &str| message[name].as_str().unwrap();
        let address = |name: &str| Address::parse(text(name)).unwrap();
        let amount = || Sz::parse(text("amount").as_bytes()).unwrap();
        let nonce = message.get("nonce").or(message.get("time")).unwrap().as_u64().unwrap();
        let action = match vector.id.split_once('-').unwrap().0 {
            "approveAgent" => UserAction::ApproveAgent {
                agent: address("agentAddress"),
                name: Some(text("agentName")),
            },
            "approveBuilderFee" => UserAction::ApproveBuilderFee {
                builder: address("builder"),
                max_fee_rate: text("maxFeeRate"),
            },
            "usdSend" => {
                UserAction::UsdSend { destination: address("destination"), amount: amount() }
            }
            "withdraw" => {
                UserAction::Withdraw { destination: address("destination"), amount: amount() }
            }
            other => panic!("{other} has no test"),
        };
        let network = Network::of(vector.is_mainnet);
        let signer = Signer::new(Key::parse(&vector.private_key).unwrap(), network, None);
        let body = signer.user(&action, nonce).unwrap();
        assert_eq!(signed(&body), vector.signature, "{}", vector.id);
        assert_eq!(recover(&body, network).unwrap().to_string(), vector.signer, "{}", vector.id);
    }
}

// Our own golden values --------------------------------------------------------------------------

#[test]
fn whole_bodies_stay_as_they_are() {
    let vault = Some("0xabcdef0123456789abcdef0123456789abcdef01");
    let order = |px: &str, cloid| {
        let (px, sz) = (Px::parse(px.as_bytes()).unwrap(), Sz::parse(b"0.00537").unwrap());
        Order::new((0, true), px, sz, Kind::Limit(WireTif::Alo), cloid, false).unwrap()
    };
    let orders = [
        order("83757", Some(Cloid(0x1234_5678_90ab_cdef_1234_5678_90ab_cdef))),
        order("0.00001", None),
    ];
    let action = Action::Orders { orders: &orders, grouping: Grouping::None, builder: None };
    let body = signer(Network::Testnet, vault).action(&action, NONCE, Some(NONCE + 5_000)).unwrap();
    assert_eq!(String::from_utf8(body).unwrap(), GOLDEN_ORDERS);
    let body = signer(Network::Mainnet, None).action(&Action::Noop, NONCE, None).unwrap();
    assert_eq!(String::from_utf8(body).unwrap(), GOLDEN_NOOP);
    let send = UserAction::UsdClassTransfer { amount: Sz::parse(b"12.50").unwrap(), to_perp: true };
    let body = signer(Network::Mainnet, None).user(&send, NONCE).unwrap();
    assert_eq!(String::from_utf8(body).unwrap(), GOLDEN_TRANSFER);
}

const GOLDEN_ORDERS: &str = concat!(
    r#"{"action":{"type":"order","orders":[{"a":0,"b":true,"p":"83757","s":"0.00537","r":false,"t":{"limit":{"tif":"Alo"}},"c":"0x1234567890abcdef1234567890abcdef"}"#,
    r#",{"a":0,"b":true,"p":"0.00001","s":"0.00537","r":false,"t":{"limit":{"tif":"Alo"}}}],"grouping":"na"}"#,
    r#","nonce":1767225600123,"#,
    r#""signature":{"r":"0xb678d0f67debb83ddbc747a726cf8ef51a1d4b9902261135d0ee1c644002c082","#,
    r#""s":"0x66be3e21238b9e33c7d2d162cafc806e53b3ae0f696885afbe374449e7f5b313","v":27},"#,
    r#""vaultAddress":"0xabcdef0123456789abcdef0123456789abcdef01","expiresAfter":1767225605123}"#,
);
const GOLDEN_NOOP: &str = concat!(
    r#"{"action":{"type":"noop"}"#,
    r#","nonce":1767225600123,"#,
    r#""signature":{"r":"0x3793673c8bc3f6f6705bd669b280f03ce51921b633f00ab8188fe91c6b15d9ee","#,
    r#""s":"0x5234f25437d591d971322b10dd9aeea957bedc1669af29fe8f00fcb0a8a322fe","v":27},"#,
    r#""vaultAddress":null,"expiresAfter":null}"#,
);
const GOLDEN_TRANSFER: &str = concat!(
    r#"{"action":{"type":"usdClassTransfer","signatureChainId":"0x66eee","#,
    r#""hyperliquidChain":"Mainnet","amount":"12.5","toPerp":true,"nonce":1767225600123}"#,
    r#","nonce":1767225600123,"#,
    r#""signature":{"r":"0xbd843364f710aac3c187d528265187239b156a16a7a6346f3dee2de4fb75a894","#,
    r#""s":"0x4f5cd4d880b31abe9d69e9ad32b0c1c1d5ceec8fd28f99a3b362ae429bcf4e3f","v":27},"#,
    r#""vaultAddress":null,"expiresAfter":null}"#,
);

// Properties -------------------------------------------------------------------------------------

fn orders() -> impl Strategy<Value = Vec<Order>> {
    let kind = prop_oneof![
        prop::sample::select(&WireTif::ALL[..]).prop_map(Kind::Limit),
        (any::<bool>(), 1..i64::MAX, any::<bool>()).prop_map(|(is_market, px, tp)| Kind::Trigger {
            is_market,
            trigger_px: Px(px),
            tpsl: if tp { Tpsl::Tp } else { Tpsl::Sl },
        }),
    ];
    let order = (
        any::<u32>(),
        any::<bool>(),
        1..i64::MAX,
        1..10i128.pow(20),
        kind,
        any::<Option<u128>>(),
        any::<bool>(),
    )
        .prop_map(|(asset, is_buy, px, sz, kind, cloid, reduce_only)| {
            Order::new((asset, is_buy), Px(px), Sz(sz * 100), kind, cloid.map(Cloid), reduce_only)
                .unwrap()
        });
    prop::collection::vec(order, 1..20)
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        any::<u64>().prop_map(|oid| Target::Oid(Oid(oid))),
        any::<u128>().prop_map(|cloid| Target::Cloid(Cloid(cloid))),
    ]
}

/// Of the main dex or of a builder's (protocol 6.3).
fn is_perp(asset: u32) -> bool {
    matches!(asset, 0..10_000 | 100_000..100_000_000)
}

/// Whatever the typed way writes: the textual way hashes it alike, and the venue finds who signed it.
fn comes_back(
    action: &Action<'_>,
    vault: bool,
    expires: Option<u64>,
    network: Network,
) -> Result<(), TestCaseError> {
    let own = matches!(
        action,
        Action::SetReferrer { .. }
            | Action::CreateSubAccount { .. }
            | Action::SubAccountTransfer { .. }
            | Action::VaultTransfer { .. }
    );
    let vault = vault.then_some("0xabcdef0123456789abcdef0123456789abcdef01");
    let signer = signer(network, vault);
    let body = signer.action(action, NONCE, expires).unwrap();
    let opened = open(&body, network).unwrap();
    prop_assert_eq!(opened.signer, signer.address());
    prop_assert_eq!(
        (opened.nonce, opened.vault, opened.expires_ms),
        (NONCE, if own { None } else { signer.vault() }, expires)
    );
    prop_assert!(
        body.starts_with(&[br#"{"action":"#, &opened.action[..]].concat()),
        "not in the venue's order"
    );
    let ordered = Ordered::read(&opened.action).unwrap();
    prop_assert_eq!(&signer.ordered(ordered, NONCE, expires), &body);

    // In another order, with something more: the same to the venue.
    let mut tree: serde_json::Value = serde_json::from_slice(&body).unwrap(); // sorts the members
    tree["action"]["new"] = serde_json::json!([1.5, null]).take();
    tree["action"]["new"] = serde_json::json!({"x": null});
    prop_assert_eq!(recover(tree.to_string().as_bytes(), network), Ok(signer.address()));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn placements_come_back(
        orders in orders(),
        group in 0..3usize,
        builder in any::<Option<[u8; 20]>>(),
        fee in 0..=1000u64,
        expires in any::<Option<u64>>(),
        vault: bool,
        mainnet: bool,
    ) {
        let grouping = [Grouping::None, Grouping::NormalTpsl, Grouping::PositionTpsl][group];
        let fee = if orders.iter().any(|order| is_perp(order.asset())) { fee / 10 } else { fee };
        let builder = builder.map(|address| Builder { address: Address(address), fee });
        comes_back(&Action::Orders { orders: &orders, grouping, builder }, vault, expires, Network::of(mainnet))?;
    }

    #[test]
    fn changes_come_back(
        orders in orders(),
        targets in prop::collection::vec(target(), 20),
        always_place: bool,
        vault: bool,
        mainnet: bool,
    ) {
        let changes: Vec<_> = targets.into_iter().zip(orders).collect();
        comes_back(&Action::Modifies { changes: &changes, always_place }, vault, None, Network::of(mainnet))?;
        let (target, order) = changes[0];
        comes_back(&Action::Modify { target, order, always_place }, vault, None, Network::of(mainnet))?;
    }

    #[test]
    fn cancels_come_back(
        oids in prop::collection::vec(any::<(u32, u64)>(), 1..=200),
        cloid: u128,
        fast: bool,
        vault: bool,
        mainnet: bool,
    ) {
        let cloids: Vec<_> = oids.iter().map(|(asset, oid)| (*asset, Cloid(cloid ^ u128::from(*oid)))).collect();
        let oids: Vec<_> = oids.into_iter().map(|(asset, oid)| (asset, Oid(oid))).collect();
        comes_back(&Action::Cancels { targets: &oids, fast }, vault, None, Network::of(mainnet))?;
        comes_back(&Action::CancelsByCloid { targets: &cloids, fast }, vault, None, Network::of(mainnet))?;
    }

    #[test]
    fn all_others_come_back(
        asset: u32,
        value: u64,
        signed: i64,
        yes: bool,
        other: [u8; 20],
        text in "\\PC{1,20}",
        network in any::<bool>().prop_map(Network::of),
    ) {
        let (other, micro_usd) = (Address(other), value);
        for action in [
            Action::ScheduleCancel { time: yes.then_some(value) },
            Action::Noop,
            Action::UpdateLeverage { asset, is_cross: yes, leverage: asset },
            Action::UpdateIsolatedMargin { asset, is_buy: yes, micro_usd: signed },
            Action::ReserveRequestWeight { weight: value },
            Action::TwapOrder { asset, is_buy: yes, sz: Sz(100), reduce_only: !yes, minutes: value, randomize: yes },
            Action::TwapCancel { asset, twap: value },
            Action::SetReferrer { code: &text },
            Action::CreateSubAccount { name: &text },
            Action::SubAccountTransfer { sub_account: other, is_deposit: yes, micro_usd },
            Action::VaultTransfer { vault: other, is_deposit: yes, micro_usd },
        ] {
            comes_back(&action, yes, None, network)?;
        }
    }

    #[test]
    fn what_users_sign_comes_back(
        other: [u8; 20],
        sum in 1..10i128.pow(15),
        nonce: u64,
        yes: bool,
        token in "\\PC{1,20}",
        name in prop::option::of("\\PC{1,16}"),
    ) {
        let (destination, amount) = (Address(other), Sz(sum * 100));
        let network = Network::of(yes);
        let signer = signer(network, None);
        for action in [
            UserAction::ApproveAgent { agent: destination, name: name.as_deref() },
            UserAction::ApproveBuilderFee { builder: destination, max_fee_rate: "0.05%" },
            UserAction::UsdSend { destination, amount },
            UserAction::SpotSend { destination, token: &token, amount },
            UserAction::Withdraw { destination, amount },
            UserAction::UsdClassTransfer { amount, to_perp: yes },
        ] {
            let body = signer.user(&action, nonce).unwrap();
            let opened = open(&body, network).unwrap();
            prop_assert_eq!((opened.signer, opened.nonce, opened.user_signed), (signer.address(), nonce, true));
            prop_assert_ne!(recover(&body, Network::of(!yes)), Ok(signer.address()));
        }
    }

    #[test]
    fn one_byte_off_and_it_is_nobodys(at in 0..2000usize, byte in 0x20..0x7fu8) {
        let signer = signer(Network::Mainnet, None);
        let mut body = signer.action(&Action::UpdateLeverage { asset: 7, is_cross: true, leverage: 20 }, NONCE, None).unwrap();
        let end = body.windows(14).position(|w| w == b"\"vaultAddress\"").unwrap();
        let at = at % end;
        prop_assume!(body[at] != byte);
        let was = std::mem::replace(&mut body[at], byte);
        // Hexadecimal digits have two cases; nothing else may be changed unseen.
        prop_assume!(!was.eq_ignore_ascii_case(&byte));
        prop_assert_ne!(recover(&body, Network::Mainnet), Ok(signer.address()), "{}", String::from_utf8_lossy(&body));
    }

    #[test]
    fn any_bytes_are_opened_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = open(&bytes, Network::Mainnet);
    }
}

// What cannot be asked ---------------------------------------------------------------------------

#[test]
fn batches_have_bounds() {
    let signer = signer(Network::Mainnet, None);
    let ask = |count: usize| {
        let targets = vec![(0, Oid(1)); count];
        signer.action(&Action::Cancels { targets: &targets, fast: false }, NONCE, None)
    };
    assert!(ask(0).is_err());
    assert!(ask(1).is_ok());
    assert!(ask(200).is_ok());
    assert!(ask(201).is_err());
}

#[test]
fn priority_is_for_those_who_may_have_it() {
    let signer = signer(Network::Mainnet, None);
    let order = |tif, reduce_only| {
        Order::new((0, true), Px(1), Sz(100), Kind::Limit(tif), None, reduce_only).unwrap()
    };
    let ask = |orders: &[Order], fee| {
        let action = Action::Orders { orders, grouping: Grouping::Priority(fee), builder: None };
        signer.action(&action, NONCE, None).is_ok()
    };
    let (alo, ioc) = (WireTif::Alo, WireTif::Ioc);
    assert!(ask(&[order(alo, false), order(alo, false)], 100_000_000));
    assert!(ask(&[order(ioc, false), order(ioc, true)], 0));
    assert!(!ask(&[order(alo, true)], 1));
    assert!(!ask(&[order(alo, false), order(ioc, false)], 1));
    assert!(!ask(&[order(WireTif::Gtc, false)], 1));
    assert!(!ask(&[order(alo, false)], 100_000_001));
}

#[test]
fn a_builder_takes_less_of_perps() {
    let signer = signer(Network::Mainnet, None);
    let ask = |assets: &[u32], fee| {
        let order = |asset: &u32| {
            let kind = Kind::Limit(WireTif::Gtc);
            Order::new((*asset, true), Px(1), Sz(100), kind, None, false).unwrap()
        };
        let orders: Vec<_> = assets.iter().map(order).collect();
        let builder = Some(Builder { address: Address([7; 20]), fee });
        let action = Action::Orders { orders: &orders, grouping: Grouping::None, builder };
        signer.action(&action, NONCE, None).is_ok()
    };
    for asset in [0, 9_999, 100_000, 110_000, 99_999_999] {
        assert!(ask(&[asset], 100), "{asset}");
        assert!(!ask(&[asset], 101), "{asset}");
        assert!(!ask(&[10_107, asset], 101), "{asset}");
    }
    for asset in [10_000, 99_999] {
        assert!(ask(&[asset], 1_000), "{asset}");
        assert!(!ask(&[asset], 1_001), "{asset}");
    }
}

#[test]
fn what_an_account_itself_must_sign_is_no_l1_action() {
    for kind in [
        "approveAgent",
        "approveBuilderFee",
        "usdSend",
        "spotSend",
        "withdraw3",
        "usdClassTransfer",
    ] {
        let action = format!(r#"{{"type":"{kind}","nonce":1}}"#);
        assert!(
            matches!(Ordered::read(action.as_bytes()), Err(Error::Bad("type", _))),
            "{kind} would be signed by nobody"
        );
    }
}

#[test]
fn a_spot_transfer_of_a_sub_account_is_the_signers_own_business() {
    let action = br#"{"type":"subAccountSpotTransfer","subAccountUser":"0x1d9470d4b963f552e6f671a81619d395877bf409","isDeposit":true,"token":"PURR:0xc4","amount":"1"}"#;
    let vault = Some("0xabcdef0123456789abcdef0123456789abcdef01");
    let body = signer(Network::Mainnet, vault).ordered(Ordered::read(action).unwrap(), NONCE, None);
    assert!(body.ends_with(br#""vaultAddress":null,"expiresAfter":null}"#));
}

#[test]
fn an_agents_name_ends_with_a_time_or_with_nothing() {
    let signer = signer(Network::Mainnet, None);
    let ask = |name| {
        let action = UserAction::ApproveAgent { agent: Address([7; 20]), name: Some(name) };
        signer.user(&action, NONCE).is_ok()
    };
    for good in ["mm", "0123456789abcdef", "mm valid_until 1767225600123"] {
        assert!(ask(good), "{good}");
    }
    for bad in ["mm valid_until ", "mm valid_until soon", "mm valid_until -1", "mm valid_until 1 "]
    {
        assert!(!ask(bad), "{bad}");
    }
}

#[test]
fn orders_that_cannot_be_said_cannot_be_made() {
    let make =
        |px, sz| Order::new((0, true), Px(px), Sz(sz), Kind::Limit(WireTif::Gtc), None, false);
    assert!(make(1, 100).is_ok());
    for (px, sz) in [(0, 100), (-1, 100), (1, 0), (1, -100), (1, 1), (1, 150), (1, i128::MAX)] {
        assert!(make(px, sz).is_err(), "{px} {sz}");
    }
}

#[test]
fn a_key_is_a_key() {
    let bad = [
        "",
        "0x",
        "0",
        &KEY[..65],
        &format!("{KEY}0"),
        &KEY.replace('3', "g"),
        &"0".repeat(64),
        &"f".repeat(64),
        &"é".repeat(32),
    ];
    for text in bad {
        let Err(why) = Key::parse(text) else { panic!("{text} is taken for a key") };
        assert!(text.len() < 2 || !why.to_string().contains(text));
    }
    assert!(Key::new(&[1; 31]).is_err());
    assert!(Key::new(&[1; 33]).is_err());
    assert_eq!(Key::parse(&KEY[2..]).unwrap().address(), Key::parse(KEY).unwrap().address());
}

#[test]
fn threads_never_get_the_same_nonce() {
    let nonces = Nonces::new(0);
    let mut all: Vec<u64> = std::thread::scope(|scope| {
        let ask = || (0..5_000).map(|_| nonces.next(NONCE).unwrap()).collect::<Vec<_>>();
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    all.sort_unstable();
    assert!(all.into_iter().eq(NONCE..NONCE + 20_000));
}
