"""Each coin: is it there, what is the smallest order, how often do we hear of it; and what its dex allows."""

from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches

from mm._core import Side
from mm.doctor.checks.venue import offset
from mm.doctor.facts import Facts, Feed, Stream, Unread, dex_of, dexes_of, is_spot, key
from mm.doctor.finding import NOT_NAMED, Data, Finding, Findings, fail, ok, unread, warn
from mm.doctor.look import again, look, why
from mm.doctor.words import bps, listed, money, plain, seconds
from mm.errors import Unreadable, UsageError
from mm.wire import Asset
from mm.wire.reader import Value

STALE_MS = 1_500
"""A book older than this is not quoted from (product 5.6, `stale_ms`)."""

SLOW_MS = {"l2Book fast": 1_500, "activeAssetCtx": 6_000, "l2Book": 12_000}
"""Beyond such a median interval a stream is slower than it should be (protocol 7.1: 0.5 s, 1 to 3 s, 5 s)."""

SHORT = {"bbo": "bbo", "l2Book fast": "fast", "l2Book": "book", "trades": "trades", "activeAssetCtx": "ctx"}

PATIENCE_MS = {"bbo": 5_000, "l2Book fast": 3_000, "l2Book": 12_000, "activeAssetCtx": 6_000}
"""So long is waited before the silence of a stream means something. Trades may be silent for hours."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One coin in the venue's list."""

    sz_decimals: int
    max_leverage: int | None = None
    is_delisted: bool = False
    is_growth: bool = False


def smallest(facts: Facts) -> Findings:
    """The smallest order of each coin, at the mid of now (protocol 8)."""
    for coin in facts.wanted.coins:
        try:
            yield from _smallest(facts, coin)
        except Unreadable as complaint:
            yield unread("min order", f"could not be read: {why(complaint)}", again(complaint), subject=coin)


def _smallest(facts: Facts, coin: str) -> Findings:
    dex = dex_of(coin)
    if dex and dex not in dexes_of((coin,), facts.answer("perpDexs")):
        yield fail("min order", f"there is no dex {dex}", "correct the coin's name: dex:COIN", subject=coin)
        return
    listed_coins = _listed(facts, coin)
    found = listed_coins.get(coin)
    if found is None:
        near = get_close_matches(coin.upper(), [name.upper() for name in listed_coins], n=3, cutoff=0.6)
        names = [name for name in listed_coins if name.upper() in near][:3]
        hint = f"did you mean {listed(names)}? " if names else ""
        fix = f"{hint}Coins are case-sensitive; spot pairs are @ and a number, builders' perps dex:COIN"
        yield fail("min order", "the venue has no such coin", fix, subject=coin)
        return
    if found.is_delisted:
        yield fail("min order", "delisted: no orders are taken", "choose another coin", subject=coin)
        return
    mids = look(facts.answer("allMids", dex_of(coin)), key("allMids", dex_of(coin)))
    mid = mids[coin].amount()
    kind = "spot" if is_spot(coin) else "dex" if dex_of(coin) else "perp"
    try:
        asset = Asset(coin, 0, found.sz_decimals, kind)
        px = asset.round_px(mid, Side.BUY)
        sz, lot, tick = asset.sz_to_reach(px), asset.lot, asset.tick(px)
    except UsageError:
        yield unread("min order", f"a mid of {plain(mid)} is no price", "wait for a book", subject=coin)
        return
    value = asset.notional(px, sz)
    data: Data = {"mid": str(mid), "px": str(px), "sz": str(sz), "value": str(value), "lot": str(lot)}
    data |= {"tick": str(tick), "max_leverage": found.max_leverage}
    text = f"{plain(sz)} = {money(value)} at {plain(px)}, lot {money(px * lot)}, tick {_short_bps(tick / px)}"
    reach = _reach(facts, coin, found)
    if reach is not None and value > reach:
        yield fail(
            "min order",
            f"{text}; the account can carry {money(reach)} at most",
            "deposit more, or choose a coin with a smaller lot",
            data,
            subject=coin,
        )
    else:
        yield ok("min order", text, data, subject=coin)


def _listed(facts: Facts, coin: str) -> dict[str, Listed]:
    """All coins of the coin's dex, or all spot pairs; one that cannot be read is left out unless it is the coin."""
    found: dict[str, Listed] = {}
    if is_spot(coin):
        meta = look(facts.answer("spotMeta"), "spotMeta")
        tokens = {row["index"].whole(): row["szDecimals"].whole() for row in meta["tokens"].items()}
        for row in meta["universe"].items():
            base, _ = row["tokens"].pair()
            decimals = tokens.get(base.whole())
            if decimals is not None:
                found[row["name"].text()] = Listed(decimals)
        return found
    dex = dex_of(coin)
    for row in look(facts.answer("meta", dex), key("meta", dex))["universe"].items():
        try:
            found[row["name"].text()] = _perp(row)
        except Unreadable:
            if row["name"].text() == coin:
                raise
    return found


def _perp(row: Value) -> Listed:
    delisted, growth, leverage = row.get("isDelisted"), row.get("growthMode"), row.get("maxLeverage")
    return Listed(
        _decimals(row["szDecimals"]),
        leverage.whole() if leverage is not None else None,
        delisted is not None and delisted.flag(),
        growth is not None and growth.text() == "enabled",
    )


def _decimals(told: Value) -> int:
    decimals = told.whole()
    if decimals > 18:
        raise told.wrong("is out of range")
    return decimals


def _reach(facts: Facts, coin: str, found: Listed) -> Decimal | None:
    """The largest position in dollars that the equity of the coin's dex carries; None where that is not known."""
    if not facts.wanted.account or is_spot(coin) or found.max_leverage is None:
        return None
    spot_state = facts.answer("spotClearinghouseState")
    if not isinstance(spot_state, dict) or "tokenToAvailableAfterMaintenance" in spot_state:
        return None
    state = facts.answer("clearinghouseState", dex_of(coin))
    if isinstance(state, Unread):
        return None  # the check of the equity has said so
    value = look(state, "clearinghouseState")["marginSummary"]["accountValue"].amount()
    return max(value, Decimal(0)) * found.max_leverage


def dexes(facts: Facts) -> Findings:
    """What is particular to the builders' dexes of the coins (HIP-3, reliability X18, product 3.8)."""
    wanted = sorted({dex_of(coin) for coin in facts.wanted.coins} - {""})
    if not wanted:
        return
    names = [row["name"].text() for row in look(facts.answer("perpDexs"), "perpDexs").items() if not row.is_null]
    for dex in wanted:
        if dex not in names:
            fix = f"the venue has: {listed(sorted(names), 12)}" if names else "the venue has none"
            yield fail("dex", "there is no such dex", fix, subject=dex)
            continue
        try:
            yield from _dex(facts, dex)
        except Unreadable as complaint:
            yield unread("dex", f"could not be read: {why(complaint)}", again(complaint), subject=dex)


def _dex(facts: Facts, dex: str) -> Findings:
    growing = sorted(coin for coin in facts.wanted.coins if dex_of(coin) == dex and _is_growing(facts, coin))
    data: Data = {"growth_mode": ",".join(growing)}
    if growing:
        text = f"growth mode in {listed(growing)}: what is traded there earns a tenth of the request budget"
        yield warn("dex", text, "expect to buy requests, or act less often", data, subject=dex)
    if not facts.wanted.account:
        return
    state = look(facts.answer("clearinghouseState", dex), key("clearinghouseState", dex))
    value = state["marginSummary"]["accountValue"].amount()
    data["equity"] = str(value)
    if value <= 0 and not _is_unified(facts):
        fix = "this dex has its own margin: move USDC to it (an agent may, by the venue's site or an action)"
        yield fail("dex", "no margin in this dex", fix, data, subject=dex)
        return
    orders = look(facts.answer("openOrders", dex), key("openOrders", dex)).items()
    if any(row.get("cloid") is not None for row in orders):
        yield ok("dex", f"{money(value)} of margin; orders with a cloid rest there", data, subject=dex)
    else:
        yield warn(
            "dex",
            f"{money(value)} of margin; whether orders with a cloid are taken there is not proven by any that rests",
            "on some dexes they were ignored without a word: try one smallest order by hand before quoting",
            data,
            subject=dex,
        )


def _is_growing(facts: Facts, coin: str) -> bool:
    found = _listed(facts, coin).get(coin)
    return found is not None and found.is_growth


def _is_unified(facts: Facts) -> bool:
    state = facts.answer("spotClearinghouseState")
    return isinstance(state, dict) and "tokenToAvailableAfterMaintenance" in state


def feed(facts: Facts) -> Findings:
    """How often and how late each stream of each coin spoke (invariant I23: by stream and coin)."""
    told = facts.feed
    if told is None and facts.wanted.coins:
        return  # none of them is a coin of the venue, as the check of the smallest order has said
    if told is None:
        yield warn("feed", "no coin was named: no market data was watched", "give --coin", NOT_NAMED)
        return
    if isinstance(told, Unread):
        fix = "the WebSocket is at the same address with /ws: check proxies and firewalls"
        yield unread("feed", f"could not be watched: {told.why}", fix)
        return
    skew = offset(facts)
    for coin in dict.fromkeys(stream.coin for stream in told.streams):  # what the venue does not list was not watched
        yield _coin(told, coin, skew[0] if skew else 0)
    if told.errors:
        yield warn("feed", f"the venue said: {listed(list(told.errors), 3)}", "correct what it complains of")


def _coin(told: Feed, coin: str, skew_ms: int) -> Finding:
    streams = [stream for stream in told.streams if stream.coin == coin]
    data: Data = {"watched_ms": told.watched_ms}
    parts: list[str] = []
    dead: list[str] = []
    slow: list[str] = []
    for stream in streams:
        name = SHORT.get(stream.kind, stream.kind)
        age = None if stream.median_lag_ms is None else max(0, stream.median_lag_ms + skew_ms)
        label = stream.kind.replace(" ", "_")
        data |= {f"{label}_frames": stream.frames, f"{label}_interval_ms": stream.median_gap_ms}
        data |= {f"{label}_age_ms": age}
        parts.append(_stream(name, stream, age))
        if _is_dead(stream, told.watched_ms):
            dead.append(name)
        elif _is_slow(stream, age):
            slow.append(name)
    text = ", ".join(parts)
    if dead:
        fix = "check the coin's name; on a thin market watch longer (--seconds 30); quotes are pulled without a feed"
        return fail("feed", f"nothing from {listed(dead)}: {text}", fix, data, subject=coin)
    if slow:
        fix = f"a book older than {seconds(STALE_MS)} is not quoted from: be nearer to the venue, or on a better line"
        return warn("feed", f"slow or late: {listed(slow)}: {text}", fix, data, subject=coin)
    return ok("feed", text, data, subject=coin)


def _stream(name: str, stream: Stream, age_ms: int | None) -> str:
    if not stream.frames:
        return f"{name} silent"
    every = "once" if stream.median_gap_ms is None else f"{stream.median_gap_ms:,}"
    return f"{name} {every}" + ("" if age_ms is None else f"/{age_ms:,}")


def _is_dead(stream: Stream, watched_ms: int) -> bool:
    if not stream.is_acknowledged and not stream.frames:
        return True
    patience = PATIENCE_MS.get(stream.kind)
    return not stream.frames and patience is not None and watched_ms >= patience


def _is_slow(stream: Stream, age_ms: int | None) -> bool:
    if age_ms is not None and age_ms > STALE_MS and stream.kind != "trades":
        return True
    return stream.median_gap_ms is not None and stream.median_gap_ms > SLOW_MS.get(stream.kind, 1 << 62)


def _short_bps(rate: Decimal) -> str:
    return bps(Decimal(f"{rate:.3g}"))
