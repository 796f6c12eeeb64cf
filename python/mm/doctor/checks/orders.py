"""What already stands in the account: orders of others, how many there may be, and positions."""

from collections import Counter

from mm._core import Engine
from mm.doctor.facts import Facts, dexes_of, key
from mm.doctor.finding import Data, Findings, fail, ok, warn
from mm.doctor.look import look, said
from mm.doctor.words import count, listed, plain

PREFIX = Engine().next_cloid()[:10]
"""How every cloid of ours begins, whatever the instance (reliability 3.6)."""

BASE_LIMIT = 1_000
LIMIT_MAX = 5_000
DOLLARS_AN_ORDER = 5_000_000
"""One more open order for so much traded (protocol 8.2)."""


def dexes(facts: Facts) -> list[str]:
    """The dexes that were asked about: the main one, and those of the coins."""
    return sorted({"", *dexes_of(facts.wanted.coins, facts.answers.get("perpDexs"))})


def foreign(facts: Facts) -> Findings:
    """Open orders that no engine of ours placed (invariant I21, reliability X14)."""
    ours: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for dex in dexes(facts):
        for row in look(facts.answer("openOrders", dex), key("openOrders", dex)).items():
            coin, cloid = said(row["coin"]), row.get("cloid")
            mine = cloid is not None and cloid.text().lower().startswith(PREFIX)
            (ours if mine else others)[coin] += 1
    data: Data = {"ours": ours.total(), "foreign": others.total()}
    if not others:
        yield ok("orders", f"{count(ours.total(), 'open order')} of ours, none of others", data)
        return
    clash = sorted(set(others) & set(facts.wanted.coins))
    where = listed([f"{number} in {coin}" for coin, number in sorted(others.items())])
    text = f"{count(others.total(), 'open order')} that mm did not place: {where}"
    if clash:
        fix = f"cancel them, or use another account: mm leaves them alone, and they fill beside its own in {listed(clash)}"
        yield fail("orders", text, fix, {**data, "clash": ",".join(clash)})
    else:
        yield warn("orders", text, "mm leaves them alone; their fills move this account's money all the same", data)


def limit(facts: Facts) -> Findings:
    """How many orders may be open at once (protocol 8.2)."""
    volume = look(facts.answer("userRateLimit"), "userRateLimit")["cumVlm"].amount()
    most = min(LIMIT_MAX, BASE_LIMIT + int(volume // DOLLARS_AN_ORDER))
    open_now = sum(
        sum(1 for _ in look(facts.answer("openOrders", dex), key("openOrders", dex)).items()) for dex in dexes(facts)
    )
    text = f"{open_now:,} of {most:,} orders open"
    data: Data = {"open": open_now, "limit": most}
    if open_now >= most:
        yield fail("limit", text, "cancel some: every further order will be refused", data)
    elif open_now >= BASE_LIMIT:
        fix = f"from {BASE_LIMIT:,} on, reduce-only and trigger orders are refused: cancel some"
        yield warn("limit", text, fix, data)
    else:
        yield ok("limit", text, data)


def positions(facts: Facts) -> Findings:
    """Positions that are open already: they are taken over, not closed."""
    held: dict[str, str] = {}
    for dex in dexes(facts):
        state = look(facts.answer("clearinghouseState", dex), key("clearinghouseState", dex))
        for row in state["assetPositions"].items():
            size = row["position"]["szi"].amount()
            if size:
                held[said(row["position"]["coin"])] = plain(size)
    data: Data = {"positions": len(held)}
    if not held:
        yield ok("positions", "flat", data)
        return
    text = "open: " + listed([f"{size} {coin}" for coin, size in sorted(held.items())])
    if set(held) & set(facts.wanted.coins):
        yield warn("positions", text, "mm takes over what is there: set limits that allow for it", data)
    else:
        yield ok("positions", f"{text}; none in the coins named", data)
