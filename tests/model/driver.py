"""Messages of the world, told to an engine through any of its doors."""

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, cast

import numpy as np

import mm
from tests.model.reference import Trade
from tests.model.world import Message, World, say

ACCOUNT = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
SIDES = {1: "B", -1: "A"}
TENTH = Fraction(1, 10)
FILL_ROUTES = ("process", "fill", "ws", "user", "rest", "batch")
UPDATE_ROUTES = ("call", "ws")


READS = frozenset(
    {
        *("check", "coins", "digest", "gaps", "get_all_by_side", "get_by_cloid", "get_immediate_fill_remaining"),
        *("get_order", "next_deadline", "orders", "position", "proven_until", "stats", "worst_long", "worst_short"),
    }
)


def said(answer: Any) -> Any:
    """What an answer says."""
    if isinstance(answer, mm.Report):
        return (answer.fills, answer.duplicates, answer.updates, answer.refused, answer.effects)
    if isinstance(answer, mm.Applied):
        return (answer.applied, answer.skipped, answer.duplicate, answer.cloid, answer.state, answer.effects)
    return answer


class Recorder:
    """An engine that remembers what it was told, and what it said."""

    def __init__(self) -> None:
        self.engine = mm.Engine(ACCOUNT, instance=7)
        self.journal: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.engine, name)
        if name in READS:
            return method

        def told(*args: Any, **kwargs: Any) -> Any:
            answer = method(*args, **kwargs)  # a refused call changes nothing: it is not in the journal
            self.journal.append((name, args, kwargs, answer))
            return answer

        return told

    def replay(self) -> None:
        """The same facts to a new engine: the same answers, the same state."""
        other = mm.Engine(ACCOUNT, instance=7)
        for name, args, kwargs, answer in self.journal:
            assert said(getattr(other, name)(*args, **kwargs)) == said(answer), name
        assert other.digest() == self.engine.digest()


def new_engines() -> tuple[mm.Engine, mm.Engine]:
    """Two engines as the model uses them; the first one records."""
    return cast("mm.Engine", Recorder()), mm.Engine(ACCOUNT, instance=7)


def fill_json(trade: Trade, cloid: str | None) -> dict[str, Any]:
    """The fill as the venue writes it."""
    row: dict[str, Any] = {
        "coin": trade.coin,
        "px": say(trade.px),
        "sz": say(trade.sz),
        "side": SIDES[trade.sign],
        "time": trade.time,
        "startPosition": say(trade.start),
        "dir": "Open Long",
        "closedPnl": "0.0",
        "hash": "0x" + "00" * 32,
        "oid": trade.oid,
        "crossed": trade.crossed,
        "fee": say(trade.fee),
        "tid": trade.tid,
        "feeToken": trade.token,
        "twapId": None,
    }
    if cloid:
        row["cloid"] = cloid
    return row


def fill_args(trade: Trade, cloid: str | None) -> tuple[Any, ...]:
    """The fill as `process` and `Fill` take it."""
    return (
        *(trade.coin, SIDES[trade.sign], say(trade.px), say(trade.sz), trade.oid, trade.tid, trade.time),
        *(say(trade.start), say(trade.fee), trade.token, "0", trade.crossed, cloid),
    )


def update_json(message: Message) -> dict[str, Any]:
    """The update as an element of `orderUpdates`."""
    leg, body = message.body["leg"], message.body
    order: dict[str, Any] = {
        "coin": leg.coin,
        "side": SIDES[leg.sign],
        "limitPx": say(leg.px),
        "sz": say(body["rest"]),
        "oid": body["oid"],
        "timestamp": body["placed"],
        "origSz": say(leg.sz),
    }
    if leg.cloid:
        order["cloid"] = leg.cloid
    if leg.reduce_only:
        order["reduceOnly"] = True
    return {"order": order, "status": body["status"], "statusTimestamp": message.sent_ms}


def frame(channel: str, data: Any) -> bytes:
    return json.dumps({"channel": channel, "data": data}).encode()


def columns(messages: Sequence[Message]) -> dict[str, Any]:
    """Fills as columns of text and integers, by `process`'s names."""
    names = (
        *("coin", "side", "px", "sz", "oid", "tid", "time"),
        *("start_position", "fee", "fee_token", "closed_pnl", "crossed", "cloid"),
    )
    rows = [fill_args(m.body["trade"], m.body["cloid"]) for m in messages]
    made: dict[str, Any] = {}
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        if name in ("oid", "tid", "time"):
            made[name] = np.array(column, dtype=np.uint64)
        elif name == "crossed":
            made[name] = np.array(column, dtype=np.bool_)
        else:
            made[name] = np.array([value or "" for value in column])
    return made


def tell_fills(engine: mm.Engine, messages: Sequence[Message], route: str, now: int) -> tuple[mm.Effect, ...]:
    """Several fills at once, in their order, through one door."""
    rows = [(m.body["trade"], m.body["cloid"]) for m in messages]
    if route in ("process", "fill"):
        told: tuple[mm.Effect, ...] = ()
        for trade, cloid in rows:
            args = fill_args(trade, cloid)
            done = engine.process(mm.Fill(*args)) if route == "fill" else engine.process(*args)
            told += done.effects
        return told
    if route == "batch":
        report = engine.process_batch(columns(messages))
    elif route == "rest":
        report = engine.process_fills(json.dumps([fill_json(*row) for row in rows]).encode(), now)
    elif route == "ws":
        data = {"user": ACCOUNT, "isSnapshot": len(rows) > 2, "fills": [fill_json(*row) for row in rows]}
        report = engine.process_ws(frame("userFills", data), now)
    else:
        report = engine.process_ws(frame("user", {"fills": [fill_json(*row) for row in rows]}), now)
    assert report.fills + report.duplicates == len(rows), (route, report)
    assert report.refused == 0, (route, report)
    return report.effects


def tell_update(engine: mm.Engine, message: Message, route: str, now: int) -> tuple[mm.Effect, ...]:
    leg, body = message.body["leg"], message.body
    if route == "ws":
        report = engine.process_ws(frame("orderUpdates", [update_json(message)]), now)
        assert (report.updates, report.refused) == (1, 0), report
        return report.effects
    return engine.on_order_update(
        *(leg.coin, SIDES[leg.sign], body["oid"], body["status"], say(leg.px), say(body["rest"]), say(leg.sz)),
        message.sent_ms,
        cloid=leg.cloid,
        reduce_only=leg.reduce_only,
        now_ms=now,
    )


def _amount(value: Fraction | None) -> str | None:
    return None if value is None else say(value)


def tell(engine: mm.Engine, message: Message, route: str, now: int) -> tuple[mm.Effect, ...]:
    """One message, through one door."""
    body = message.body
    match message.kind:
        case "fill":
            return tell_fills(engine, [message], route, now)
        case "update":
            return tell_update(engine, message, route, now)
        case "finalize":
            px = say(body["px"]) if body["filled"] else None
            return engine.finalize_pending_by_cloid(body["cloid"], body["oid"], _amount(body["filled"]), px, now)
        case "modify_ok":
            px = say(body["px"]) if body["filled"] else None
            return engine.on_modify_success(body["cloid"], body["oid"], _amount(body["filled"]), px, now)
        case "rejected":
            return engine.on_rejected(body["cloid"], body["why"], now)
        case "fenced":
            return engine.on_fenced(body["cloid"], now)
        case "modify_err":
            return engine.on_modify_error(body["cloid"], body["why"], now)
        case "cancel_ok":
            return engine.on_cancel_success(body["handle"], now)
        case "cancel_err":
            return engine.on_cancel_error(body["handle"], body["why"], body["ticket"], now)
        case "snapshot":
            return engine.on_open_orders(body["coin"], body["oids"], message.sent_ms, True, now)
    raise AssertionError(message.kind)


def anchor(engine: mm.Engine, world: World, coins: Sequence[str]) -> None:
    """The account begins flat, and the engine is told so, as a program would at its start."""
    for coin in coins:
        engine.on_position(coin, "0", world.now - 1, now_ms=world.now)
