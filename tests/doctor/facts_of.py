"""Facts as `gather` would give them, from the canned answers: for tests that need no socket."""

from collections.abc import Mapping
from typing import Any

from mm.doctor.checks import checks
from mm.doctor.facts import Door, Facts, Feed, Sample, Stream, Wanted, key
from mm.doctor.finding import Finding
from tests.doctor.canned import AGENT, DAY_MS, MASTER, healthy

NOW = 1_795_000_000_000

DOOR = Door(connect_ms=12, is_loopback=False, tls="TLSv1.3", certificate_until_ms=NOW + 60 * DAY_MS)
GAPS = {"bbo": 110, "l2Book fast": 500, "l2Book": 5_000, "trades": 900, "activeAssetCtx": 1_500}


def wanted(**changes: Any) -> Wanted:
    told = {"url": "https://venue.example", "account": MASTER, "agent": AGENT, "coins": ("BTC",)}
    return Wanted(**{**told, **changes})


def samples(behind_ms: int = 0, round_trip_ms: int = 40, special: str | None = None) -> tuple[Sample, ...]:
    return tuple(
        Sample(
            NOW + 250 * turn,
            round_trip_ms + turn,
            {"time": NOW + 250 * turn + round_trip_ms // 2 + behind_ms, "specialStatuses": special},
        )
        for turn in range(6)
    )


def streams(coin: str, **changes: Any) -> tuple[Stream, ...]:
    made = []
    for kind, gap in GAPS.items():
        lag = None if kind == "activeAssetCtx" else 84
        told = {"is_acknowledged": True, "frames": 9, "median_gap_ms": gap, "median_lag_ms": lag}
        made.append(Stream(kind=kind, coin=coin, **{**told, **changes.get(kind.replace(" ", "_"), {})}))
    return tuple(made)


def answers(changes: Mapping[str, Any] = {}) -> dict[str, Any]:
    """The canned answers under the keys that `gather` keeps them by; `changes` are by key."""
    told = healthy()
    kept = {
        key(kind, about): told.get(f"{kind} {about}", told.get(kind))
        for kind, about in [
            ("userRole", AGENT),
            ("userRole", MASTER),
            ("extraAgents", MASTER),
            ("clearinghouseState", ""),
            ("clearinghouseState", "xyz"),
            ("openOrders", ""),
            ("openOrders", "xyz"),
            ("spotClearinghouseState", ""),
            ("userFees", ""),
            ("userRateLimit", ""),
            ("perpDexs", ""),
            ("spotMeta", ""),
            ("meta", ""),
            ("meta", "xyz"),
            ("allMids", ""),
            ("allMids", "xyz"),
        ]
    }
    kept[key("extraAgents", MASTER)] = [{"name": "mm-1", "address": AGENT, "validUntil": NOW + 71 * DAY_MS}]
    kept[key("webData3", MASTER)] = {"agentAddress": None, "agentValidUntil": None}
    return {**kept, **changes}


def facts(changes: Mapping[str, Any] = {}, **others: Any) -> Facts:
    """Facts of a sound account, with some answers or some fields changed."""
    asked = others.get("wanted") or wanted()
    told = {
        "wanted": asked,
        "now_ms": NOW,
        "door": DOOR,
        "samples": samples(),
        "answers": answers(changes),
        "feed": Feed(watched_ms=12_000, streams=sum((streams(coin) for coin in asked.coins), ())),
        "weight": 182,
    }
    return Facts(**{**told, **others})


def found(facts: Facts, check: str, subject: str = "") -> Finding:
    """The one finding of that check and subject."""
    made = [finding for finding in checks(facts) if (finding.check, finding.subject) == (check, subject)]
    assert len(made) == 1, made
    return made[0]
