"""The proof: what the venue's ledger says, what the engine says, and what a third reader makes of the rows.

The auditor sees neither: it pages through the raw `userFillsByTime` rows and adds them up in decimals.
Every check is an equality between witnesses that share no code; one that fails fails the run.
"""

import json
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from mm.demo.show import USER, Show
from mm.exchange.thin.link import COIN, START_MS
from mm.fallback import Verdict
from mm.protocol import AskFills, FillsReply

MICRO = Decimal(1).scaleb(-6)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Check:
    """One equality: its witnesses, and whether they agree."""

    name: str
    values: dict[str, str]

    @property
    def ok(self) -> bool:
        """Whether all witnesses say the same."""
        return len(set(self.values.values())) == 1


@dataclass(slots=True)
class Audit:
    """What the raw rows add up to."""

    fills: int = 0
    position: Decimal = ZERO
    cash: Decimal = ZERO
    fees: Decimal = ZERO
    closed: Decimal = ZERO
    volume: Decimal = ZERO


@dataclass(slots=True)
class Score:
    """Everything that the scorecard prints."""

    seed: int
    seconds: int
    virtual_ms: int
    orders: dict[str, int]
    fallbacks: dict[str, int]
    races: dict[str, int]
    faults: dict[str, int]
    deaths: list[dict[str, Any]]
    money: dict[str, str]
    checks: list[Check]
    notes: list[str]

    @property
    def ok(self) -> bool:
        """Whether every equality holds and nothing was found wrong."""
        return all(check.ok for check in self.checks) and not self.notes

    def as_json(self) -> str:
        """The whole score as one JSON object; the same seed gives the same bytes."""
        body = asdict(self)
        body["checks"] = [{**asdict(check), "ok": check.ok} for check in self.checks]
        return json.dumps({"ok": self.ok, **body}, sort_keys=True)


def score(show: Show) -> Score:
    """Compare the witnesses at the end of a run."""
    tally = show.tally
    audited = audit(show)
    return Score(
        seed=show.seed,
        seconds=show.seconds,
        virtual_ms=show.elapsed_ms,
        orders={
            "placed": tally.placed,
            "modified": tally.modified,
            "cancelled": tally.cancelled,
            "kept": tally.kept,
            "rejected": tally.rejected,
            "placed anew": tally.put_anew,
            "taking": tally.taken,
        },
        fallbacks={v.value: tally.fallbacks[v] for v in Verdict if v != Verdict.REPLACED},
        races={
            "fills repeated": tally.duplicates,
            "fills told before": tally.skipped,
            "gaps": tally.gaps,
            "closed": tally.gaps_closed,
            "fills past a modify": tally.excess,
            "nonces spent": tally.fences,
            "voided": tally.fenced,
            "questions": tally.asked,
        },
        faults=dict(sorted(show.venue.faults.counts.items())),
        deaths=[asdict(recovery) for recovery in show.recoveries],
        money=_money(show),
        checks=_checks(show, audited),
        notes=_notes(show),
    )


def audit(show: Show) -> Audit:
    """Page through the raw rows, with overlap, and add up each distinct one."""
    found, seen = Audit(), set()
    start = START_MS
    while True:
        page = show.venue.reply(AskFills(0, start, show.venue.now_ms))
        assert isinstance(page, FillsReply)
        for row in json.loads(page.page):
            key = (row["time"], row["tid"], row["oid"])
            if key in seen:
                continue
            seen.add(key)
            px, sz = Decimal(row["px"]), Decimal(row["sz"])
            signed = sz if row["side"] == "B" else -sz
            found.fills += 1
            found.position += signed
            found.cash -= signed * px
            found.fees += Decimal(row["fee"])
            found.closed += Decimal(row["closedPnl"])
            found.volume += sz * px
        if not page.full:
            return found
        start = page.last_ms


def _checks(show: Show, audited: Audit) -> list[Check]:
    venue = show.venue.venue
    account = venue.account(USER)
    position = show.engine.position(COIN)
    ours = [order for order in venue.orders.values() if order.account == USER]
    open_orders = show.engine.orders()

    def three(name: str, at_venue: Decimal, engine: Decimal, auditor: Decimal, quantum: Decimal) -> Check:
        witnesses = {"venue": at_venue, "engine": engine, "auditor": auditor}
        # As text, and exactly: a difference beyond the last digit shown must not be rounded away.
        return Check(name, {who: _exact(value, quantum) for who, value in witnesses.items()})

    lot = Decimal("0.01")
    usd = position.fees.get("USDC", ZERO)
    other_fees = sum((fee for token, fee in position.fees.items() if token != "USDC"), ZERO)
    return [
        three("fills", Decimal(len(account.fills)), Decimal(position.fills), Decimal(audited.fills), Decimal(1)),
        three("position", Decimal(account.lots) * lot, position.size, audited.position, lot),
        three("cash", account.cash * MICRO, position.cash, audited.cash, MICRO),
        three("fees", account.fees * MICRO, usd + other_fees, audited.fees, MICRO),
        three("closed pnl", account.closed * MICRO, position.closed_pnl, audited.closed, MICRO),
        three("volume", account.volume * MICRO, position.volume, audited.volume, MICRO),
        Check("open orders", {"venue": str(len(venue.open_orders(USER))), "engine": str(len(open_orders))}),
        Check("orphans", {"found": str(_orphans(show)), "wanted": "0"}),
        Check("unknown", {"found": str(len(open_orders)), "wanted": "0"}),
        Check(
            "executed",
            {
                "venue": str(sum(order.size - order.left for order in ours)),
                "engine": str(_executed_alike(show)),
            },
        ),
        Check("unproven", {"found": f"{position.provisional + position.missing:f}", "wanted": "0"}),
        Check(
            "equal digests",
            {"equal": str(sum(r.same_digest for r in show.recoveries)), "deaths": str(len(show.recoveries))},
        ),
        Check(
            "sum of all accounts",
            {
                "coins": str(sum(a.lots for a in venue.accounts.values())),
                "cash": str(sum(a.cash for a in venue.accounts.values())),
                "nothing": "0",
            },
        ),
    ]


def _exact(value: Decimal, quantum: Decimal) -> str:
    """The value on its grid, or in full if it is off it."""
    on_grid = value.quantize(quantum)
    return f"{on_grid:f}" if on_grid == value else f"{value:f}"


def _orphans(show: Show) -> int:
    """Orders of ours that ever lived at the venue and that the engine does not know as ours.

    A placement that was refused uses an oid too, but nothing ever rested under it.
    """
    orphans = 0
    for order in show.venue.venue.orders.values():
        if order.account == USER and not order.status.endswith("Rejected"):
            known = show.engine.get_order(order.oid)
            orphans += known is None or known.foreign
    return orphans


def _executed_alike(show: Show) -> int:
    """Σ of executed lots by the engine; -1 if the legs of any one order add up to something else at the venue."""
    at_venue: dict[str | None, int] = {}
    by_engine: dict[str | None, int] = {}
    for order in show.venue.venue.orders.values():
        if order.account == USER:
            known = show.engine.get_order(order.oid)
            name = None if known is None else known.cloid
            at_venue[name] = at_venue.get(name, 0) + order.size - order.left
            by_engine[name] = 0 if known is None else int(known.cum_qty * 100)
    return sum(by_engine.values()) if at_venue == by_engine else -1


def _money(show: Show) -> dict[str, str]:
    """Where the result came from, from the venue's rows; and what the engine's account says it is."""
    venue = show.venue.venue
    account, position = venue.account(USER), show.engine.position(COIN)
    mid2 = venue.mid2()
    spread2 = sum((fill.mid2 - 2 * fill.px) * fill.lots * (1 if fill.is_buy else -1) for fill in account.fills)
    drift2 = sum((mid2 - fill.mid2) * fill.lots * (1 if fill.is_buy else -1) for fill in account.fills)
    half = MICRO / 2
    spread, inventory, fees = spread2 * half, drift2 * half, -account.fees * MICRO
    mid = Decimal(mid2) / 2 / 10**venue.rows.px_decimals
    told = position.cash - sum(position.fees.values(), ZERO) + position.size * mid
    named = {"spread": spread, "inventory": inventory, "fees": fees, "account": told}
    money = {name: f"{value:+.6f}" for name, value in named.items()}
    money["residual"] = f"{spread + inventory + fees - told:.6f}"
    return money


def _notes(show: Show) -> list[str]:
    """What is wrong besides the equalities."""
    notes = [f"{count} × {what}" for what, count in sorted(show.tally.surprises.items())]
    if Decimal(_money(show)["residual"]) != 0:
        notes.append(f"the money does not add up: {_money(show)['residual']}")
    if show.runner.stopped is not None:
        notes.append(f"quoting had stopped: {show.runner.stopped}")
    if not show.runner.quiet:
        notes.append("the closing did not come to rest")
    try:
        show.engine.check()
    except Exception as fault:
        notes.append(f"engine.check: {fault}")
    return notes
