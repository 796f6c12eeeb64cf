"""Everything recorded of the real venue: each frame gives its event, each answer its values, as the recordings' READMEs say."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mm import Unreadable, _core, wire
from mm.wire import (
    ActionError,
    AssetCtx,
    Bbo,
    Book,
    Data,
    Done,
    Filled,
    ItemError,
    L2Book,
    Mids,
    Pong,
    Post,
    Resting,
    StreamError,
    Trades,
    User,
    decode,
)

pytestmark = pytest.mark.shared
D = Decimal


def text(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")


def recorded(shared: Path) -> Iterator[tuple[str, Any, str]]:
    """(file, request or None, body) of every capture and round trip; of a frame the request is "ws"."""
    for path in sorted((shared / "vectors" / "captures").glob("*.json")):
        for item in json.loads(path.read_text(encoding="utf-8"))["items"]:
            yield path.name, "ws" if item["kind"] == "ws-in" else item["request"], json.dumps(item["body"])
    for name in (
        "frames_captured.jsonl",
        "frames_roq_tests.jsonl",
        "rest_testnet_mainnet_2025.jsonl",
        "rest_sdk_cassettes.jsonl.gz",
    ):
        for line in text(shared / "data" / "roundtrips" / name).splitlines():
            item = json.loads(line)
            body = item["body"]
            yield name, "ws" if body.startswith('{"channel"') else item.get("request"), body


def test_every_frame_gives_its_event(shared: Path) -> None:
    classes = {
        "l2Book": L2Book,
        "bbo": Bbo,
        "trades": Trades,
        "activeAssetCtx": AssetCtx,
        "post": Post,
        "error": StreamError,
    }
    classes |= {
        "userFills": User,
        "user": User,
        "orderUpdates": User,
        "pong": Pong,
        "allMids": Mids,
        "subscriptionResponse": wire.Ack,
    }
    seen: Counter[str] = Counter()
    for name, request, body in recorded(shared):
        if request != "ws":
            continue
        plain = json.loads(body)
        event, channel = decode(body.encode()), plain["channel"]
        assert isinstance(event, classes.get(channel, Data)), (name, event)
        seen[channel] += 1
        match event:
            case L2Book() | Bbo() | Trades() | AssetCtx():
                assert event.surfaced == (), name
                same_market(event, plain["data"])
            case StreamError(text=said):
                assert said == plain["data"] and event.kind in {"NotUnderstood", "AlreadyUnsubscribed"}
                assert bool(event.key) != ("xsubscription" in said)
            case Post():
                assert event.post_id == plain["data"]["id"] and event.kind in {"action", "info"}
                if event.kind == "action":
                    assert not isinstance(event.outcomes(1)[0], wire.Garbled)
            case Data():
                assert event.known, channel
                assert json.loads(event.data) == plain["data"]
    assert sum(seen.values()) > 50 and len(seen) >= 12, seen


def same_market(event: L2Book | Bbo | Trades | AssetCtx, plain: Any) -> None:
    def level(level: wire.Level | None) -> Any:
        return level and (level.px, level.sz, level.n)

    def told(level: Any) -> Any:
        return level and (D(level["px"]), D(level["sz"]), level["n"])

    match event:
        case L2Book():
            bids, asks = plain["levels"]
            assert [level(b) for b in event.bids] == [told(b) for b in bids]
            assert [level(a) for a in event.asks] == [told(a) for a in asks]
            assert (level(event.bid), level(event.ask)) == (told(next(iter(bids), None)), told(next(iter(asks), None)))
            assert (event.coin, event.time, event.fast) == (plain["coin"], plain["time"], plain.get("fast", False))
        case Bbo():
            assert [level(event.bid), level(event.ask)] == [told(side) for side in plain["bbo"]]
        case Trades(trades):
            assert [
                (t.coin, t.side.letter, t.px, t.sz, t.time, t.tid, t.tx_hash, [t.buyer, t.seller]) for t in trades
            ] == [
                (t["coin"], t["side"], D(t["px"]), D(t["sz"]), t["time"], t["tid"], t["hash"], t["users"])
                for t in plain
            ]
        case AssetCtx():
            ctx = plain["ctx"]
            wanted = {
                name: ctx[name] and D(ctx[name])
                for name in ("markPx", "oraclePx", "midPx", "funding", "premium", "dayNtlVlm")
            }
            assert [
                event.mark_px,
                event.oracle_px,
                event.mid_px,
                event.funding,
                event.premium,
                event.day_ntl_vlm,
            ] == list(wanted.values())
            assert event.impact_pxs == (ctx["impactPxs"] and tuple(map(D, ctx["impactPxs"])))


READERS: dict[str, Callable[[bytes], Any]] = {
    "activeAssetData": wire.active_asset_data,
    "allMids": wire.all_mids,
    "candleSnapshot": wire.candle_snapshot,
    "clearinghouseState": wire.clearinghouse_state,
    "extraAgents": wire.extra_agents,
    "frontendOpenOrders": wire.open_orders,
    "fundingHistory": wire.funding_history,
    "historicalOrders": wire.historical_orders,
    "l2Book": wire.read_book,
    "meta": wire.Assets,
    "openOrders": wire.open_orders,
    "orderStatus": wire.order_status,
    "perpDexs": wire.perp_dexs,
    "spotClearinghouseState": wire.spot_clearinghouse_state,
    "spotMeta": lambda body: wire.Assets(b'{"universe":[]}', body),
    "userFills": wire.fills_page,
    "userFillsByTime": wire.fills_page,
    "userFunding": wire.user_funding,
    "userRateLimit": wire.user_rate_limit,
    "userRole": wire.user_role,
}
OTHERS = {"portfolio", "delegatorHistory", "userNonFundingLedgerUpdates", "userTwapSliceFills", "userVaultEquities"}
# Records that those who published them had cut; the captures' README says so.
CUT = {("tick_reduce_only.json", "frontendOpenOrders"), ("tick_reduce_only.json", "orderStatus")}


def test_every_answer_is_read(shared: Path) -> None:
    seen: Counter[str] = Counter()
    for name, request, body in recorded(shared):
        kind = request.get("type") if isinstance(request, dict) else None
        if kind is None or kind in OTHERS or (name, kind) in CUT:
            continue
        plain = json.loads(body)
        if kind == "clearinghouseState" and "time" not in plain:
            with pytest.raises(Unreadable, match="time is missing"):  # as of 2023; without a time it is no evidence
                READERS[kind](body.encode())
            continue
        read = READERS[kind](body.encode())
        seen[kind] += 1
        if isinstance(read, wire.Rows):
            assert read.whole, (name, kind, read.surfaced)
            assert len(read) == len(plain["balances"] if kind == "spotClearinghouseState" else plain)
        if isinstance(read, wire.Assets):
            assert read.surfaced == () and len(read) == len(plain["universe"])
        if isinstance(read, wire.ClearinghouseState):
            assert read.surfaced == () and read.margin.account_value == D(plain["marginSummary"]["accountValue"])
            assert {p.coin: p.szi for p in read.positions} == {
                p["position"]["coin"]: D(p["position"]["szi"]) for p in plain["assetPositions"]
            }
        if kind == "orderStatus" and plain["status"] == "order":
            assert (read.order.oid, read.status, read.meaning) == (plain["order"]["order"]["oid"], "filled", "filled")
        if kind in {"openOrders", "frontendOpenOrders"}:
            assert [(o.oid, o.limit_px, o.sz, o.side.letter) for o in read] == [
                (o["oid"], D(o["limitPx"]), D(o["sz"]), o["side"]) for o in plain
            ]
    assert seen.keys() == READERS.keys()


def test_the_facts_that_the_readmes_state(shared: Path) -> None:
    facts = {name: body.encode() for name, request, body in recorded(shared) if request != "ws"}
    limit = wire.user_rate_limit(facts["py_user_rate_limit.json"])
    assert (limit.n_requests_used, limit.cum_vlm) == (36_589_831_368, D("170043721737.450012207"))
    assert wire.user_role(facts["py_user_role.json"]).role == "vault"
    assert wire.perp_dexs(facts["go_perp_dexs.json"])[:2] == ("", "xyz")
    whale = wire.clearinghouse_state(text(shared / "data/roundtrips/clearinghouse_whale.json").encode())
    assert whale.surfaced == () and whale.margin.account_value == D("12985854.2078639995")
    atom = whale.position("ATOM")
    assert atom and (atom.szi, atom.is_cross) == (D("-62371.56"), True)

    def live(number: int) -> Any:
        return json.loads(text(shared / f"data/roundtrips/live_2026-07-19-mainnet-m{number}.json"))

    selection = live(2)["selection"]
    fees = next(
        value
        for value in selection.values()
        if isinstance(value, dict) and '"makerFractionCutoff"' in json.dumps(value)
    )
    answer = as_user_fees(fees)
    read = wire.user_fees(json.dumps(answer).encode())
    assert [tier.add for tier in read.makers] == [D("-0.00001"), D("-0.00002"), D("-0.00003")]
    assert len(read.vip) == 6 and read.vip[0].ntl_cutoff == 5_000_000 and read.vip[3].add == 0
    assert (read.base_cross, read.base_add) == (D("0.00045"), D("0.00015"))
    orders = wire.open_orders(json.dumps(live(4)["selection"]["openOrders"]).encode())
    assert orders.whole and len(orders) == 4
    status = wire.order_status(json.dumps(live(4)["selection"]["orderStatus"]).encode())
    assert status and (status.order.tif, status.meaning, status.order.orig_sz) == ("Ioc", "filled", D("0.56"))


def as_user_fees(kept: Any) -> Any:
    """The answer to `userFees` from the parts that the recording kept of it."""
    schedule = kept.get("feeSchedule") or kept["schedule"]
    tiers = schedule.get("tiers") or {"vip": schedule["vip"], "mm": schedule["mm"]}
    rates = {name: kept.get(name) or schedule[of] for name, of in (("userCrossRate", "cross"), ("userAddRate", "add"))}
    return {"feeSchedule": {"cross": schedule["cross"], "add": schedule["add"], "tiers": tiers}, **rates}


def test_actions_are_answered_item_by_item(shared: Path) -> None:
    seen: Counter[str] = Counter()
    for name, request, body in recorded(shared):
        if (
            request == "ws"
            or not body.lstrip().startswith('{"status"')
            or '"unknownOid"' in body
            or '"order":' in body[:40]
        ):
            continue
        plain = json.loads(body)
        items = len(plain["response"]["data"]["statuses"]) if plain["status"] == "ok" else 3
        for outcome in wire.read_answer(body.encode(), items, 200, "application/json"):
            seen[type(outcome).__name__] += 1
            match outcome:
                case ItemError(why) | ActionError(why):
                    assert _core.classify_order_error(why) != "Unknown", (name, why)
                case Resting(oid) | Filled(oid):
                    assert oid > 10**9
                case Done():
                    pass
                case other:
                    pytest.fail(f"{name}: {other}")
    assert seen.keys() == {"Resting", "Filled", "Done", "ItemError", "ActionError"}, seen
    assert sum(seen.values()) > 40


def test_the_market_recordings(shared: Path) -> None:
    book, books, trades, last = Book("BTC"), 0, 0, 0
    for line in text(shared / "data/market/ws_raw_20250126_BTC.gz").splitlines():
        stamp, _, frame = line.partition(" ")
        event = decode(frame.encode())
        if isinstance(event, Trades):
            trades += 1
            same_market(event, json.loads(frame)["data"])
            continue
        if isinstance(event, L2Book):
            books += 1
            assert event.surfaced == ()
            same_market(event, json.loads(frame)["data"])
            assert event.time >= last and book.apply(event, int(stamp) // 1_000_000)
            last = event.time
            assert book.bid and book.ask and book.bid.px < book.ask.px
    assert (books, trades, book.dropped) == (46, 9, 0)
    aggregated = [
        json.loads(line)["body"]
        for line in text(shared / "data/market/l2book_aggregated_nSigFigs_BTC.jsonl").splitlines()
    ]
    for plain in aggregated:
        answer = wire.read_book(json.dumps(plain).encode())
        assert answer and answer.surfaced == ()
        same_market(answer, plain)
    assert len(aggregated) == 4


def test_every_word_of_the_document_is_known(shared: Path) -> None:
    """Sections 1.2, 4 and 5 of the protocol notes, read as they stand today."""
    notes = text(shared / "hyperliquid-protocol.md")
    statuses = notes[notes.index("## 5. Order statuses") : notes.index("## 6. /info")]
    words = set(
        re.findall(r"\b(?:[a-z]\w+(?:Rejected|Canceled|Cancel)|open|triggered|filled|canceled|rejected)\b", statuses)
    )
    assert len(words) >= 32
    assert {word for word in words if _core.classify_status(word) == "unknown"} == set()

    errors = notes[notes.index("## 4. Error strings") : notes.index("### 4.4")]
    cells = [row.split("|")[1] for row in errors.splitlines() if row.startswith("| `")]
    texts = [
        text
        for cell in cells
        for text in re.findall(r"`([^`]+)`", cell)
        if text[0].isupper() and not text.startswith("L1 error")
    ]
    texts += re.findall(r"`(Order was never placed[^`]+)`", errors)
    assert len(texts) >= 40
    unknown = [text for text in texts if _core.classify_order_error(text.replace("…", "")) == "Unknown"]
    # The reason follows these words; alone they say nothing of what is wrong, but of the old order they do.
    assert unknown == ["Error placing new order during modify: …"]
    assert str(_core.classify_modify_error(unknown[0])) == "ModifyOutcome.OldGoneNewRefused"

    stream = notes[notes.index("- Errors: `") : notes.index("- Compression")]
    said = re.findall(r"`([^`{]+)[^`]*`", stream.split("Seen texts:")[1].split("An unknown")[0])
    assert len(said) == 5
    assert [text for text in said if StreamError(text).kind == "Unknown"] == []
