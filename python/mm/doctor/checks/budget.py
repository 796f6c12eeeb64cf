"""What sending costs: the address's budget, the IP's weight, and the dead man's switch that volume earns."""

from decimal import Decimal

from mm.doctor.facts import Facts
from mm.doctor.finding import Data, Findings, fail, ok, warn
from mm.doctor.look import look
from mm.doctor.words import count, money, plain

FLOOR_HOURS = 2
"""Below so many hours of runway the makers act less (product 5.6, `floor_hours`)."""

ACTION_PRICE = Decimal("0.0005")
"""Dollars for one bought request (product 3.8; observed on testnet, so it may differ)."""

CANCEL_EXTRA = 100_000

IP_WEIGHT_A_MINUTE = 1_200
IP_SHARE_WARN = Decimal("0.7")
"""Reliability X19: at least 30 % of the budget is kept for cancels and questions."""

DEADMAN_VOLUME = Decimal(1_000_000)


def budget(facts: Facts) -> Findings:
    """How many requests the address has left, and how long they last (protocol 9.2)."""
    told = look(facts.answer("userRateLimit"), "userRateLimit")
    used, cap = told["nRequestsUsed"].whole(), told["nRequestsCap"].whole()
    surplus = told.get("nRequestsSurplus")
    left = max(0, cap - used)
    cancels = max(0, min(cap + CANCEL_EXTRA, 2 * cap) - used)
    rate = facts.wanted.rate
    hours = Decimal(left) / (rate * 3_600)
    price = money(rate * 3_600 * ACTION_PRICE)
    data: Data = {"used": used, "cap": cap, "left": left, "cancels_left": cancels, "rate": str(rate)}
    data |= {"surplus": surplus.whole() if surplus is not None else None, "runway_hours": f"{hours:.2f}"}
    text = f"{left:,} of {cap:,} left: {_hours(hours)} at {plain(rate)}/s"
    buy = f"trade ($1 earns one), act less often, or buy: an hour at this rate is {price}; never quote wider for it"
    if left == 0:
        text = f"used up ({used:,} of {cap:,}): one request in ten seconds passes, {count(cancels, 'cancel')} left"
        yield fail("budget", text, buy, data)
    elif hours < FLOOR_HOURS:
        yield warn("budget", text, buy, data)
    else:
        yield ok("budget", f"{text}, or {price} an hour", data)


def _hours(hours: Decimal) -> str:
    return f"{hours:.1f} h" if hours < 100 else f"{hours / 24:,.0f} days"


def ip_weight(facts: Facts) -> Findings:
    """What the stated rate takes of the IP's weight, and what this look took (protocol 9.1)."""
    share = facts.wanted.rate * 60 / IP_WEIGHT_A_MINUTE
    text = f"{plain(facts.wanted.rate)}/s takes {share:.0%} of {IP_WEIGHT_A_MINUTE:,} a minute; this look took {facts.weight}"
    data: Data = {"share": f"{share:.4f}", "weight": facts.weight}
    if share > IP_SHARE_WARN:
        fix = "send orders in batches (40 weigh as one), or over WebSocket; leave 30 % for cancels and questions"
        yield warn("ip weight", text, fix, data)
    else:
        yield ok("ip weight", text, data)


def deadman(facts: Facts) -> Findings:
    """Whether the venue would cancel our orders if we fell silent: `scheduleCancel` needs volume (protocol 3.6)."""
    volume = look(facts.answer("userRateLimit"), "userRateLimit")["cumVlm"].amount()
    data: Data = {"volume": str(volume), "needed": str(DEADMAN_VOLUME), "is_eligible": volume >= DEADMAN_VOLUME}
    if volume >= DEADMAN_VOLUME:
        yield ok("deadman", f"eligible for scheduleCancel: {money(volume)} traded", data)
        return
    yield warn(
        "deadman",
        f"not eligible for scheduleCancel, which needs {money(DEADMAN_VOLUME)} traded: this account has {money(volume)}",
        "if mm dies its orders stay: have a second process, with a key of its own, cancel when the first falls silent",
        data,
    )
