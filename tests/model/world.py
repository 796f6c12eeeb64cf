"""The truth: a tiny venue with one account of ours, and every message that it ever sent.

A message stays deliverable for ever, which covers loss, delay, reordering and duplication at once. What the venue has
really done is known here and nowhere else; the engine sees messages only.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.model.reference import Answered, Atom, Bind, Canceled, CancelFailed, Refused, Seen, Stated, Trade

COINS = ("BTC", "ETH")
FOREIGN_COIN = "DOGE"
FIRST_MS = 1_790_000_000_000
NOT_LIVE = "Order was never placed, already canceled, or filled. asset=0"
UNTOUCHED = (
    "Order price cannot be more than 95% away from the reference price asset=0",
    "Attempted to modify to invalid new order asset=0",
    "Too many cumulative requests sent (97460 > 97456) for cumulative volume traded $87457.46.",
)
OLD_GONE = "Cannot modify canceled or filled order asset=0"
NEW_REFUSED = (
    "Error placing new order during modify: Post only order would have immediately matched, bbo was 1@2. asset=0"
)


def say(value: Fraction) -> str:
    """Decimal text of a number that has one."""
    sign, tenths = ("-" if value < 0 else ""), abs(value) * 10**8
    assert tenths.denominator == 1, value
    whole, rest = divmod(tenths.numerator, 10**8)
    return f"{sign}{whole}.{f'{rest:08d}'.rstrip('0') or '0'}"


@dataclass(eq=False)
class Leg:
    """One leg as the venue has it. `oid` is None until the request was executed."""

    cloid: str | None
    coin: str
    sign: int
    px: Fraction
    sz: Fraction
    ioc: bool = False
    reduce_only: bool = False
    oid: int | None = None
    live: bool = False
    executed: Fraction = Fraction(0)
    named: bool = True  # its fills carry the cloid
    placed: int = 0

    @property
    def rest(self) -> Fraction:
        return self.sz - self.executed if self.live else Fraction(0)


@dataclass(eq=False)
class Request:
    """A request on its way: it can be executed once, or be lost for good."""

    kind: str  # place, cancel, modify
    leg: Leg | None  # the leg that it acts on (None: the venue never had it)
    new: Leg | None = None
    handle: int | str = ""
    ticket: Any = None  # the engine's CancelRequest
    n: int = 0
    cloid: str = ""


@dataclass(eq=False)
class Message:
    """Something that the venue said, and the atoms that it is evidence of."""

    kind: str
    body: dict[str, Any]
    atoms: tuple[Atom, ...] = ()
    sent_ms: int = 0
    delivered: int = 0


class World:
    """Orders, positions, requests in flight, and all messages ever sent."""

    def __init__(self) -> None:
        self.now = FIRST_MS
        self.oid = 556_000_000_000
        self.tid = 700_000_000_000_000
        self.position: dict[str, Fraction] = {}
        self.legs: list[Leg] = []
        self.requests: list[Request] = []
        self.messages: list[Message] = []
        self.with_ourselves: set[str] = set()  # coins with self-trades: two fills that start from one position

    # Questions ---------------------------------------------------------------------------------------------------

    def by_cloid(self, cloid: str | None) -> Leg | None:
        return next((leg for leg in self.legs if leg.cloid == cloid and cloid is not None), None)

    def by_oid(self, oid: int | None) -> Leg | None:
        return next((leg for leg in self.legs if leg.oid == oid and oid is not None), None)

    def live(self, coin: str | None = None) -> list[Leg]:
        return [leg for leg in self.legs if leg.live and coin in (None, leg.coin)]

    def can_still(self, coin: str, sign: int) -> Fraction:
        """The most that may yet execute on one side: what rests, and what requests on their way could do."""
        total = sum((leg.rest for leg in self.live(coin) if leg.sign == sign), Fraction(0))
        for request in self.requests:
            leg = request.leg if request.kind == "place" else request.new
            if leg is not None and leg.coin == coin and leg.sign == sign:
                total += leg.sz
        return total

    # Happenings --------------------------------------------------------------------------------------------------

    def send(self, kind: str, body: dict[str, Any], *atoms: Atom) -> Message:
        message = Message(kind, body, atoms, self.now)
        self.messages.append(message)
        return message

    def rest(self, leg: Leg) -> None:
        """The venue takes a new leg."""
        self.oid += 1
        leg.oid, leg.live, leg.placed = self.oid, True, self.now
        if leg not in self.legs:
            self.legs.append(leg)

    def trade(self, leg: Leg, sz: Fraction, crossed: bool = False, start: Fraction | None = None, tid: int = 0) -> None:
        """A match: the position moves, a fill is told; the last one closes the leg."""
        assert leg.oid is not None
        assert leg.live
        assert 0 < sz <= leg.rest
        if not tid:
            self.tid += 7919
            tid = self.tid
        before = self.position.get(leg.coin, Fraction(0))
        at = before if start is None else start
        fee = leg.px * sz * Fraction(15, 100_000)
        fee = Fraction(int(fee * 10**6), 10**6)
        fact = Trade(leg.coin, self.now, tid, leg.oid, leg.sign, leg.px, sz, at, fee, "USDC", crossed)
        self.position[leg.coin] = before + leg.sign * sz
        leg.executed += sz
        bind = (Bind(leg.cloid, leg.oid),) if leg.cloid and leg.named else ()
        body = {"trade": fact, "cloid": leg.cloid if leg.named else None}
        self.send("fill", body, fact, *bind)
        if leg.executed == leg.sz:
            leg.live = False
            self.update(leg, "filled")

    def update(self, leg: Leg, status: str, rest: Fraction | None = None) -> Message:
        """An element of `orderUpdates`."""
        assert leg.oid is not None
        rest = leg.sz - leg.executed if rest is None else rest
        atoms: list[Atom] = [Bind(leg.cloid, leg.oid)] if leg.cloid else []
        if leg.cloid and status == "open":
            atoms.append(Seen(leg.cloid))
        if status == "filled":
            atoms.append(Stated(leg.oid, leg.sz))
        elif status.endswith("Rejected"):
            atoms += [Refused(leg.cloid)] if leg.cloid else []
        elif status != "open":
            atoms += [Canceled(leg.cloid)] if leg.cloid else []
            if not leg.reduce_only:
                atoms.append(Stated(leg.oid, leg.sz - rest))
        body = {"leg": leg, "oid": leg.oid, "status": status, "rest": rest, "placed": leg.placed or self.now}
        return self.send("update", body, *atoms)

    def kill(self, leg: Leg, status: str = "canceled", rest: Fraction | None = None) -> None:
        """The leg leaves the book unfilled."""
        leg.live = False
        self.update(leg, status, rest)

    def place(self, request: Request, at_once: Fraction, refuse: bool) -> None:
        """Executes a placement: refused, or resting, after matching `at_once` of it."""
        leg = request.leg
        assert leg is not None
        assert leg.cloid is not None
        self.requests.remove(request)
        if refuse:
            self.oid += 1
            leg.oid = self.oid
            self.update(leg, "badAloPxRejected", leg.sz)
            why = "Post only order would have immediately matched, bbo was 1@2. asset=0"
            self.send("rejected", {"cloid": leg.cloid, "why": why}, Refused(leg.cloid))
            return
        self.answer_new_leg(leg, at_once, "finalize")

    def answer_new_leg(self, leg: Leg, at_once: Fraction, kind: str) -> None:
        """Rests a leg, matches part of it, and answers: resting, or filled with the amount."""
        assert leg.cloid is not None
        self.rest(leg)
        assert leg.oid is not None
        self.update(leg, "open", leg.sz)
        if at_once:
            half = Fraction(int(at_once * 5), 10) if at_once > Fraction(1, 10) else Fraction(0)
            for part in (half, at_once - half):
                if part:
                    self.trade(leg, part, crossed=True)
        told: list[Atom] = [Bind(leg.cloid, leg.oid)]
        told.append(Answered(leg.oid, at_once) if at_once else Seen(leg.cloid))
        body = {"cloid": leg.cloid, "oid": leg.oid, "filled": at_once or None, "px": leg.px}
        self.send(kind, body, *told)
        if leg.ioc and leg.live:
            self.kill(leg)

    def cancel(self, request: Request) -> None:
        """Executes a cancel: it takes a live leg off the book, or finds nothing there."""
        self.requests.remove(request)
        leg = request.leg
        body = {"handle": request.handle, "ticket": request.ticket, "why": NOT_LIVE}
        if leg is not None and leg.live:
            assert leg.cloid is not None
            assert leg.oid is not None
            self.kill(leg)
            self.send("cancel_ok", body, Canceled(leg.cloid))
        else:
            self.send("cancel_err", body, CancelFailed(request.cloid, request.n))

    def modify(self, request: Request, how: str, at_once: Fraction, words: int) -> None:
        """Executes a modify. `how` is what the venue makes of it if the old leg is still live."""
        old, new = request.leg, request.new
        assert new is not None
        assert new.cloid is not None
        self.requests.remove(request)
        refused = Refused(new.cloid)
        if old is None or not old.live:
            self.send("modify_err", {"cloid": new.cloid, "why": OLD_GONE}, refused)
        elif how == "untouched":
            self.send("modify_err", {"cloid": new.cloid, "why": UNTOUCHED[words % len(UNTOUCHED)]}, refused)
        elif how == "killed":
            self.kill(old)
            if words % 2:  # some say that a refused new leg is pushed, too
                self.oid += 1
                new.oid = self.oid
                self.update(new, "badAloPxRejected", new.sz)
            self.send("modify_err", {"cloid": new.cloid, "why": NEW_REFUSED}, refused)
        else:
            self.kill(old)
            self.answer_new_leg(new, at_once, "modify_ok")

    def lose(self, request: Request) -> None:
        """The request never arrives and never will; for a placement that can be proven (its nonce is spent)."""
        self.requests.remove(request)
        leg = request.leg if request.kind == "place" else request.new
        if leg is not None and leg.cloid is not None:
            self.send("fenced", {"cloid": leg.cloid}, Refused(leg.cloid))
