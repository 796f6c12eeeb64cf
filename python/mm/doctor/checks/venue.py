"""The venue itself: is it there, is it open, and do our clocks agree?"""

from mm.doctor.facts import Facts, Sample, Unread
from mm.doctor.finding import Data, Findings, fail, ok, warn
from mm.doctor.look import look, said
from mm.doctor.words import day, seconds
from mm.errors import Unreadable

DAY_MS = 86_400_000
CERTIFICATE_WARN_MS = 7 * DAY_MS

SKEW_WARN_MS = 1_000
SKEW_FAIL_MS = 3_000
"""Reliability C1: beyond the first a warning, beyond the second no new orders."""

STANDSTILL_MS = 1_000
"""The venue makes some twelve blocks a second (protocol 10.1): a second without one is a halt."""


def reach(facts: Facts) -> Findings:
    """Whether there is a venue behind the address, and who listens on the way."""
    door, url = facts.door, facts.wanted.url
    if isinstance(door, Unread):
        yield fail(
            "reach",
            f"{url} cannot be reached: {door.why}",
            "check the address, the network, the name server, this machine's clock and certificates; nothing else was checked",
            {"url": url},
        )
        return
    data: Data = {"url": url, "connect_ms": door.connect_ms, "tls": door.tls or None}
    data["certificate_until_ms"] = door.certificate_until_ms
    took = f"connected in {door.connect_ms} ms"
    if not door.tls:
        if door.is_loopback:
            yield ok("reach", f"{took}, plain HTTP on this machine", data)
        else:
            yield fail("reach", "plain HTTP: anybody on the way can read and change what is sent", "use https://", data)
        return
    until = door.certificate_until_ms
    if until is not None and until - facts.now_ms < CERTIFICATE_WARN_MS:
        yield warn(
            "reach",
            f"{took}, {door.tls}, but the venue's certificate ends on {day(until)}",
            "nothing to do here: the venue renews it; trading stops if it does not",
            data,
        )
        return
    yield ok("reach", f"{took}, {door.tls}" + (f", certificate until {day(until)}" if until else ""), data)


def status(facts: Facts) -> Findings:
    """The maintenance flag, and whether the venue's time goes on (reliability X20)."""
    times: list[tuple[int, int]] = []
    special: str | None = None
    for sample in facts.samples:
        if isinstance(sample.answer, Unread):
            continue
        told = look(sample.answer, "exchangeStatus")
        times.append((sample.sent_ms, told["time"].whole()))
        flag = told.get("specialStatuses")
        special = said(flag) if flag is not None else None
    if not times:
        raise _no_sample(facts.samples)
    if special is not None:
        yield fail(
            "status",
            f"the venue announces: {special}",
            "wait until it is over; after an upgrade only post-only orders are taken for a while",
            {"special": special},
        )
        return
    (first_sent, first), (last_sent, last) = times[0], times[-1]
    if last_sent - first_sent >= STANDSTILL_MS and last <= first:
        yield fail(
            "status",
            f"the venue's time stands still: no block in {seconds(last_sent - first_sent)}",
            "do not quote; wait until the chain goes on",
            {"venue_time_ms": last},
        )
        return
    yield ok("status", "open, nothing announced", {"venue_time_ms": last})


def clock(facts: Facts) -> Findings:
    """Our clock less the venue's, at the middle of the quickest of several requests (reliability C1, C2)."""
    measured = offset(facts)
    if measured is None:
        raise _no_sample(facts.samples)
    behind, doubt = measured
    count = sum(not isinstance(sample.answer, Unread) for sample in facts.samples)
    side = "behind" if behind > 0 else "ahead of"
    text = f"{seconds(abs(behind))} {side} the venue (±{seconds(doubt)}, best of {count})"
    data: Data = {"behind_ms": behind, "uncertain_ms": doubt, "samples": count}
    if abs(behind) > SKEW_FAIL_MS:
        yield fail(
            "clock",
            f"{text}; beyond {seconds(SKEW_FAIL_MS)} mm places no orders",
            "set this machine's clock and keep it set (chrony or ntpd)",
            data,
        )
    elif abs(behind) > SKEW_WARN_MS:
        yield warn("clock", text, "keep this machine's clock set (chrony or ntpd)", data)
    elif doubt > SKEW_WARN_MS:
        yield warn("clock", text, "the line is too slow to tell: try from nearer to the venue", data)
    else:
        yield ok("clock", text, data)


def offset(facts: Facts) -> tuple[int, int] | None:
    """(how far our clock is behind the venue's, the doubt about it), in ms; None if no answer told the time.

    The answer's time lies between sending and arrival, so the middle is off by half the round trip at most, and
    by the age of the venue's last block. The quickest request says it best. Raises `Unreadable`.
    """
    best: tuple[int, int] | None = None
    for sample in facts.samples:
        if isinstance(sample.answer, Unread):
            continue
        half = (sample.round_trip_ms + 1) // 2
        if best is None or half < best[1]:
            best = (look(sample.answer, "exchangeStatus")["time"].whole() - sample.sent_ms - half, half)
    return best


def _no_sample(samples: tuple[Sample, ...]) -> Unreadable:
    reasons = [sample.answer.why for sample in samples if isinstance(sample.answer, Unread)]
    reason = reasons[0] if reasons else "it was not asked for"
    return Unreadable(f"exchangeStatus: {reason}.", field="exchangeStatus", reason=reason)
