"""The grid from Python: numbers in and out, refusals, and every asset of the recorded metas against a naive rule."""

import gzip
import json
import math
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm import Asset, Assets, BadInput, Side, Unreadable, Unrepresentable, from_float
from tests.wire.naive import is_valid, plain, valid_between

BTC = Asset("BTC", 0, 5, max_leverage=40)
D = Decimal

META = json.dumps(
    {
        "universe": [
            {"szDecimals": 5, "name": "BTC", "maxLeverage": 40, "marginTableId": 56},
            {"szDecimals": 1, "name": "MATIC", "maxLeverage": 20, "isDelisted": True, "onlyIsolated": True},
            {"name": "BROKEN"},
            {"szDecimals": 0, "name": "kPEPE", "maxLeverage": 10, "new": {"a": [1]}},
        ],
        "marginTables": [[56, {"description": "x"}]],
        "collateralToken": 0,
    }
).encode()
SPOT = json.dumps(
    {
        "universe": [
            {"tokens": [1, 0], "name": "PURR/USDC", "index": 0, "isCanonical": True},
            {"tokens": [150, 0], "name": "@107", "index": 107, "isCanonical": False},
            {"tokens": [9, 0], "name": "@9", "index": 9, "isCanonical": False},
        ],
        "tokens": [
            {"name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0},
            {"name": "HYPE", "szDecimals": 2, "weiDecimals": 8, "index": 150},
            {"name": "PURR", "szDecimals": 0, "weiDecimals": 5, "index": 1},
        ],
    }
).encode()
DEXS = b'[null,{"name":"test"},{"name":"xyz","fullName":"x"}]'
XYZ = b'{"universe":[{"szDecimals":4,"name":"xyz:XYZ100","maxLeverage":20},{"szDecimals":3,"name":"xyz:TSLA"}]}'


def test_the_neighbours_cross_the_decades() -> None:
    assert [BTC.next_px_up(px) for px in ("99999", "100000", "9999.9")] == [D(100_000), D(100_001), D(10_000)]
    assert [BTC.next_px_down(px) for px in (100_001, 100_000, 10_000)] == [D(100_000), D(99_999), D("9999.9")]
    assert (BTC.tick("9999.9"), BTC.tick(10_000), BTC.tick(1_000_000)) == (D("0.1"), D(1), D(1))


def test_rounding() -> None:
    assert BTC.round_px("83757.9", "B") == BTC.round_px(D("83757.9"), Side.BUY) == D(83_757)
    assert BTC.round_px("83757.0000000000000000001", Side.SELL) == D(83_758)
    assert BTC.round_px("83757.9", "B", limit="83000.5") == D(83_000)
    assert BTC.round_px("83757.9", "A", limit="84000.5") == D(84_001)
    assert BTC.round_sz("0.123456789") == D("0.12345")
    assert BTC.sz_to_reach("83757") == D("0.00012")
    assert BTC.sz_to_reach("83757", 100) == D("0.0012")
    assert (BTC.notional("83757", "0.00012"), BTC.meets_minimum("83757", "0.00012")) == (D("10.05084"), True)
    assert not BTC.meets_minimum("83757", "0.00011")


def test_the_text_that_is_signed() -> None:
    assert (BTC.px_to_wire("83757.0"), BTC.px_to_wire("9999.50"), BTC.sz_to_wire("1.50000")) == (
        "83757",
        "9999.5",
        "1.5",
    )
    assert (BTC.px_to_wire(D("1E+5")), BTC.sz_to_wire(100)) == ("100000", "100")
    with pytest.raises(Unrepresentable, match="off the grid"):
        BTC.px_to_wire("83757.5")
    with pytest.raises(Unrepresentable, match="off the grid"):
        BTC.sz_to_wire("0.000001")


@pytest.mark.parametrize(
    "value", [1.5, math.nan, True, None, "x", "-1", 0, "0", "", D("NaN"), D("Infinity"), b"1", "1e5", "9" * 200]
)
def test_no_price_from_what_is_none(value: Any) -> None:
    calls: list[Any] = [BTC.is_valid_px, BTC.round_sz, BTC.is_valid_sz, BTC.px_to_wire, BTC.next_px_up]
    for call in (*calls, lambda px: BTC.round_px(px, "B")):
        with pytest.raises((BadInput, Unrepresentable)) as caught:
            call(value)
        assert caught.value.field in {"px", "sz"} and caught.value.reason


@pytest.mark.parametrize("value", [D("1E+1000000"), D("1E-1000000"), 10**400])
def test_a_number_that_would_fill_the_memory_is_refused(value: Any) -> None:
    with pytest.raises(Unrepresentable):
        BTC.round_px(value, "B")


@pytest.mark.parametrize("more", ["", "1"])
def test_the_largest_number_that_can_be_counted_is_too_large(more: str) -> None:
    most = f"1701411834604692317316873037158.84105727{more}"  # 2**127 - 1 units: none is above it
    for call in (BTC.next_px_up, BTC.next_px_down, BTC.tick, lambda px: BTC.round_px(px, "A")):
        with pytest.raises(Unrepresentable, match="too large"):
            call(most)


def test_zero_is_never_the_answer() -> None:
    with pytest.raises(Unrepresentable, match="comes to zero"):
        BTC.round_px("0.09", "B")
    with pytest.raises(Unrepresentable, match="comes to zero"):
        BTC.round_sz("0.000009")
    with pytest.raises(Unrepresentable, match="comes to zero"):
        BTC.next_px_down("0.1")
    with pytest.raises(BadInput, match="side"):
        BTC.round_px("1", "X")


def test_floats_come_in_by_one_door() -> None:
    assert from_float(0.1) == D("0.1")
    assert BTC.round_px(from_float(83_757.25), "A") == D(83_758)
    for value in (math.nan, math.inf, -math.inf, 1, "1", None, True):
        with pytest.raises(BadInput):
            from_float(value)  # type: ignore[arg-type]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_from_float_reads_back_as_the_same_float(value: float) -> None:
    assert float(from_float(value)) == value


def test_markets_and_their_numbers() -> None:
    assets = Assets(META, SPOT, DEXS, {"xyz": XYZ})
    ids = {asset.name: asset.id for asset in assets}
    assert ids == {
        "BTC": 0,
        "MATIC": 1,
        "kPEPE": 3,
        "PURR/USDC": 10_000,
        "@107": 10_107,
        "xyz:XYZ100": 120_000,
        "xyz:TSLA": 120_001,
    }
    assert [s.index for s in assets.surfaced] == [2, 2]
    assert "szDecimals" in assets.surfaced[0].why and "tokens" in assets.surfaced[1].why
    hype = assets["@107"]
    assert (hype.kind, hype.sz_decimals, hype.px_decimals, hype.base, hype.quote) == ("spot", 2, 6, "HYPE", "USDC")
    matic = assets["MATIC"]
    assert matic.is_delisted and matic.only_isolated and matic.max_leverage == 20
    assert assets.by_id(120_001) == assets.get("xyz:TSLA") == assets["xyz:TSLA"]
    assert (assets.get("HYPE"), assets.by_id(2), "btc" in assets, "BTC" in assets, len(assets)) == (
        None,
        None,
        False,
        True,
        7,
    )
    with_contexts = Assets(b"[" + META + b', [{"markPx":"1"}]]')
    assert [asset.name for asset in with_contexts] == ["BTC", "MATIC", "kPEPE"]
    assert eval(repr(BTC), {"Asset": Asset}) == BTC


def test_the_markets_of_another_dex_get_no_number() -> None:
    """Their numbers would be those of other markets, and orders would go there."""
    for assets, wanted in (
        (Assets(XYZ), []),
        (Assets(META, None, DEXS, {"test": XYZ}), ["BTC", "MATIC", "kPEPE"]),
        (Assets(b'{"universe":[]}', None, DEXS, {"xyz": META}), []),
        (Assets(XYZ.replace(b"xyz:TSLA", b"TSLA")), ["TSLA"]),
    ):
        assert [asset.name for asset in assets] == wanted
        assert {lost.why for lost in assets.surfaced} >= {"`name` is not of this dex"}
    assert Assets(XYZ.replace(b"xyz:TSLA", b"TSLA"))["TSLA"].id == 1, "each keeps its place"


def test_the_numbers_of_dexs_end_where_those_of_outcomes_begin() -> None:
    names = [f"d{place}" for place in range(1, 9_991)]
    dexs = json.dumps([None, *({"name": name} for name in names)]).encode()

    def only(name: str) -> Assets:
        meta = json.dumps({"universe": [{"szDecimals": 2, "name": f"{name}:X"}]}).encode()
        return Assets(b'{"universe":[]}', None, dexs, {name: meta})

    assert only("d9989")["d9989:X"].id == 99_990_000
    assert list(only("d9990")) == [] and only("d9990").surfaced[0].why == "`dex` is too large"


def test_what_is_no_list_of_markets() -> None:
    for body in (b"", b"null", b"[]", b"{}", b'{"universe":7}', META[:-2], b"<html>"):
        with pytest.raises(Unreadable) as caught:
            Assets(body)
        assert caught.value.field == "meta" and caught.value.reason
    with pytest.raises(BadInput, match="dex_metas"):
        Assets(META, None, DEXS, {"abc": XYZ})
    with pytest.raises(Unreadable, match="perpDexs"):  # the main one is at 0, or no place is what it should be
        Assets(META, None, b'[{"name":"xyz"}]', {"xyz": XYZ})
    with pytest.raises(BadInput, match="network"):
        Assets(META, network="devnet")
    with pytest.raises(BadInput, match="meta"):
        Assets("{}")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="name"):
        Assets(META)["ETH"]


def assets_of(shared: Path) -> list[Asset]:
    def body(name: str) -> bytes:
        data = (shared / "data" / "meta" / name).read_bytes()
        return gzip.decompress(data) if name.endswith(".gz") else data

    spot, dexs = body("spotMeta_mainnet_20250822.json.gz"), body("perpDexs_mainnet_20251213.json")
    xyz = {"xyz": body("metaAndAssetCtxs_xyz_mainnet_20260206.json.gz")}
    newest = Assets(body("metaAndAssetCtxs_mainnet_20260206.json.gz"), spot, dexs, xyz)
    assert newest.surfaced == ()
    told = json.loads(spot)
    assert sum(asset.kind == "spot" for asset in newest) == len(told["universe"])
    assert sum(asset.kind == "dex" for asset in newest) > 5
    found = list(newest)
    for name, count in (
        ("meta_mainnet_20250822.json", 203),
        ("meta_mainnet_20251213.json", 223),
        ("meta_mainnet_2023.json", 28),
    ):
        older = Assets(body(name))
        assert (len(older), older.surfaced) == (count, ())
        assert [asset.id for asset in older] == list(range(count)), "delisted ones keep their numbers"
        assert older["BTC"].id == 0
        found += older
    testnet = Assets(body("meta_testnet_20250822.json"), network="testnet")
    assert (testnet["BTC"].id, testnet.network) == (3, "testnet")
    return [*found, *testnet]


@pytest.mark.shared
def test_every_asset_of_the_recorded_metas_has_the_rules_grid(shared: Path) -> None:
    seen: set[tuple[str, int]] = set()
    assets = assets_of(shared)
    assert len(assets) > 700
    for asset in assets:
        grid = (asset.kind, asset.sz_decimals)
        # The same grid needs no second look; every asset's own numbers are looked at.
        assert asset.lot == D(1).scaleb(-asset.sz_decimals)
        assert asset.px_decimals == max((8 if asset.kind == "spot" else 6) - asset.sz_decimals, 0)
        if grid not in seen:
            seen.add(grid)
            compare(asset)
    assert len(seen) >= 12


def compare(asset: Asset) -> None:
    """Around each power of ten, all prices in a stretch, and their neighbours: none refused, none invented."""
    kind, sz_decimals = asset.kind, asset.sz_decimals
    for exponent in range(-asset.px_decimals, 7):
        border = D(1).scaleb(exponent)
        step = max(D(1).scaleb(exponent - 5), D(1).scaleb(-asset.px_decimals))
        low, high = max(border - 30 * step, step), border + 300 * step
        wanted = list(valid_between(low, high, kind, sz_decimals))
        assert wanted, (kind, sz_decimals, exponent)
        walked = [wanted[0]]
        while walked[-1] < wanted[-1]:
            walked.append(asset.next_px_up(walked[-1]))
        assert walked == wanted
        for px, above in pairwise(wanted):
            assert asset.is_valid_px(px) and asset.px_to_wire(px) == plain(px)
            assert asset.next_px_down(above) == px == asset.round_px(px, "B") == asset.round_px(px, "A")
            between = (px + above) / 2
            assert not is_valid(between, kind, sz_decimals) and not asset.is_valid_px(between)
            assert (asset.round_px(between, "B"), asset.round_px(between, "A")) == (px, above)
            assert (asset.next_px_down(between), asset.next_px_up(between)) == (px, above)
            assert asset.tick(px) == above - px


NUMBERS = st.decimals(min_value=D("0.00000001"), max_value=D("10000000"), places=9)


@given(st.sampled_from(["perp", "spot", "dex"]), st.integers(0, 8), NUMBERS, NUMBERS)
def test_any_price_on_any_grid(kind: str, sz_decimals: int, px: Decimal, limit: Decimal) -> None:
    asset = Asset("X", 1, sz_decimals, kind)
    assert asset.is_valid_px(px) == is_valid(px, kind, sz_decimals)
    ask = asset.round_px(px, "A", limit)
    assert ask >= max(px, limit) and is_valid(ask, kind, sz_decimals)
    if min(px, limit) < D(1).scaleb(-asset.px_decimals):
        with pytest.raises(Unrepresentable):
            asset.round_px(px, "B", limit)
    else:
        bid = asset.round_px(px, "B", limit)
        assert 0 < bid <= min(px, limit) and is_valid(bid, kind, sz_decimals)
    sz = asset.sz_to_reach(ask)
    assert asset.meets_minimum(ask, sz) and asset.is_valid_sz(sz) and asset.notional(ask, sz) == ask * sz
    assert sz == asset.lot or not asset.meets_minimum(ask, sz - asset.lot)
