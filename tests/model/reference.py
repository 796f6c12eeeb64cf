"""The reference model: what is true of orders and positions, said as plainly as possible and as slowly as need be.

State is a set of atoms that only grows (`reliability` 3.2); every view is a pure function of the set. Nothing here is
shared with the engine, nothing is remembered between two questions, nothing is optimised. Numbers are `Fraction`s.

`states` gives the set of states that the law (`order-state` 5) allows for what is known: one, nearly always; more than
one only where the law leaves it open.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Intent:
    """We are about to ask for a leg. `replaces` is the cloid of the leg that a modify gives up."""

    cloid: str
    coin: str
    sign: int
    px: Fraction
    sz: Fraction
    reduce_only: bool = False
    ioc: bool = False
    replaces: str | None = None


@dataclass(frozen=True)
class Bind:
    """The venue calls this leg `oid`."""

    cloid: str
    oid: int


@dataclass(frozen=True)
class Answered:
    """An answer said that `amount` was executed at once."""

    oid: int
    amount: Fraction


@dataclass(frozen=True)
class Stated:
    """The venue has stated a total otherwise: a terminal status."""

    oid: int
    amount: Fraction


@dataclass(frozen=True)
class Trade:
    """One fill. Its identity is (coin, time, tid, oid), and px, sz and start where tid is 0."""

    coin: str
    time: int
    tid: int
    oid: int
    sign: int
    px: Fraction
    sz: Fraction
    start: Fraction
    fee: Fraction
    token: str
    crossed: bool

    @property
    def key(self) -> tuple[object, ...]:
        whole = (self.px, self.sz, self.start) if self.tid == 0 else ()
        return (self.coin, self.time, self.tid, self.oid, *whole)


@dataclass(frozen=True)
class Seen:
    """The leg was seen on the book: a resting answer, `open`, a snapshot that has it."""

    cloid: str


@dataclass(frozen=True)
class Refused:
    """The venue refused the leg, or it can provably never execute any more."""

    cloid: str


@dataclass(frozen=True)
class Canceled:
    """The venue said that the leg was canceled."""

    cloid: str


@dataclass(frozen=True)
class Silence:
    """No answer came to the request for this leg."""

    cloid: str


@dataclass(frozen=True)
class CancelAsked:
    """We asked to cancel the leg, the `n`th thing that we asked."""

    cloid: str
    n: int


@dataclass(frozen=True)
class CancelFailed:
    """That request was answered with an error."""

    cloid: str
    n: int


@dataclass(frozen=True)
class Absent:
    """A complete snapshot, begun after our last act on the leg, did not have it."""

    cloid: str


Atom = (
    Intent
    | Bind
    | Answered
    | Stated
    | Trade
    | Seen
    | Refused
    | Canceled
    | Silence
    | CancelAsked
    | CancelFailed
    | Absent
)

ACTIVE = frozenset({"Resting", "PartialFilled"})
TERMINAL = frozenset({"Filled", "FilledImmediately", "Cancelled", "FilledDuringCancel", "Rejected"})


class Evidence:
    """A set of atoms and what follows from it."""

    def __init__(self, atoms: Iterable[Atom] = ()) -> None:
        self.atoms: set[Atom] = set(atoms)

    def add(self, *atoms: Atom) -> None:
        """The only mutation there is."""
        self.atoms |= set(atoms)

    # Legs and orders ---------------------------------------------------------------------------------------------

    def intent(self, cloid: str) -> Intent:
        (found,) = [a for a in self.atoms if isinstance(a, Intent) and a.cloid == cloid]
        return found

    def oid(self, cloid: str) -> int | None:
        found = {a.oid for a in self.atoms if isinstance(a, Bind) and a.cloid == cloid}
        assert len(found) <= 1, f"{cloid} has {found}"
        return found.pop() if found else None

    def line(self, cloid: str) -> list[Intent]:
        """The legs of the order that began as `cloid`, oldest first."""
        legs = [self.intent(cloid)]
        while following := [a for a in self.atoms if isinstance(a, Intent) and a.replaces == legs[-1].cloid]:
            # A leg can be replaced again only after its replacement was refused: then the refused one comes first.
            following.sort(key=lambda leg: leg.cloid)
            legs += following[:-1]
            legs.append(following[-1])
            if self.refused(legs[-1].cloid):
                break
        return legs

    def refused(self, cloid: str) -> bool:
        return Refused(cloid) in self.atoms

    # Quantities --------------------------------------------------------------------------------------------------

    def trades(self, oid: int) -> list[Trade]:
        """The distinct fills of a leg."""
        by_key = {a.key: a for a in self.atoms if isinstance(a, Trade) and a.oid == oid}
        return list(by_key.values())

    def traded(self, oid: int) -> Fraction:
        return sum((t.sz for t in self.trades(oid)), Fraction(0))

    def answered(self, oid: int) -> Fraction:
        return max((a.amount for a in self.atoms if isinstance(a, Answered) and a.oid == oid), default=Fraction(0))

    def stated(self, oid: int) -> Fraction:
        return max((a.amount for a in self.atoms if isinstance(a, Stated) and a.oid == oid), default=Fraction(0))

    def executed(self, oid: int) -> Fraction:
        """The join: commutative, associative, idempotent."""
        return max(self.traded(oid), self.answered(oid), self.stated(oid))

    def remaining(self, oid: int) -> Fraction:
        """What trades will still confirm without moving the position."""
        return max(Fraction(0), self.answered(oid) - self.traded(oid))

    def cum_qty(self, cloid: str) -> Fraction:
        """Executed over an order's life."""
        oids = [self.oid(leg.cloid) for leg in self.line(cloid)]
        return sum((self.executed(oid) for oid in oids if oid is not None), Fraction(0))

    # Positions ---------------------------------------------------------------------------------------------------

    def confirmed(self, coin: str) -> Fraction:
        """By trades alone; it needs no order. Every coin here begins flat."""
        by_key = {a.key: a for a in self.atoms if isinstance(a, Trade) and a.coin == coin}
        return sum((t.sign * t.sz for t in by_key.values()), Fraction(0))

    def provisional(self, coin: str) -> Fraction:
        """What answers and statuses told beyond the trades."""
        legs = [a for a in self.atoms if isinstance(a, Intent) and a.coin == coin]
        bound = [(leg, oid) for leg in legs if (oid := self.oid(leg.cloid)) is not None]
        return sum((leg.sign * (self.executed(oid) - self.traded(oid)) for leg, oid in bound), Fraction(0))

    def position(self, coin: str) -> Fraction:
        return self.confirmed(coin) + self.provisional(coin)

    def fees(self, coin: str) -> dict[str, Fraction]:
        by_key = {a.key: a for a in self.atoms if isinstance(a, Trade) and a.coin == coin}
        paid: dict[str, Fraction] = {}
        for trade in by_key.values():
            paid[trade.token] = paid.get(trade.token, Fraction(0)) + trade.fee
        return paid

    def cash(self, coin: str) -> Fraction:
        """What trades paid and earned, before fees."""
        by_key = {a.key: a for a in self.atoms if isinstance(a, Trade) and a.coin == coin}
        return -sum((t.sign * t.sz * t.px for t in by_key.values()), Fraction(0))

    # States ------------------------------------------------------------------------------------------------------

    def states(self, cloid: str) -> frozenset[str]:
        """The states that the law allows for an order of one leg."""
        leg, oid = self.intent(cloid), self.oid(cloid)
        asked = {a.n for a in self.atoms if isinstance(a, CancelAsked) and a.cloid == cloid}
        failed = {a.n for a in self.atoms if isinstance(a, CancelFailed) and a.cloid == cloid}
        done = Fraction(0) if oid is None else self.executed(oid)
        if self.refused(cloid):
            return frozenset({"Rejected"})
        if oid is not None and done >= leg.sz:
            return self._filled(leg, oid, bool(asked), bool(failed))
        over = frozenset({"CancelConfirmed", "Cancelled"})
        if Canceled(cloid) in self.atoms:
            # Open while late fills may come; closed once the window is over and the amount is accounted for.
            return over
        live = oid is not None and (done > 0 or Seen(cloid) in self.atoms)
        working = frozenset({"PartialFilled" if done > 0 else "Resting"})
        if leg.ioc and live:
            working |= over  # what an immediate order did not get is gone, whoever says so first
        gone = frozenset({"Unknown", "CancelPending", "CancelConfirmed"})
        if Absent(cloid) in self.atoms:
            # Not on the book and not known how it ended: anything but closed.
            return working | gone | frozenset({"Pending"})
        if asked and not failed:
            return frozenset({"CancelPending"}) | (over if leg.ioc and live else frozenset())
        if asked:
            # The words of the error are not evidence of how it ended.
            return gone | (working if live else frozenset({"Pending"}))
        if live:
            return working
        return frozenset({"Unknown"} if Silence(cloid) in self.atoms else {"Pending", "Unknown"})

    def _filled(self, leg: Intent, oid: int, asked: bool, failed: bool) -> frozenset[str]:
        at_once = self.answered(oid) >= leg.sz
        if not asked:
            return frozenset({"FilledImmediately" if at_once else "Filled"})
        # Which came first, the cancel or the last fill, is not always told.
        words = {"FilledDuringCancel"}
        if at_once:
            words.add("FilledImmediately")
        if failed:
            words.add("Filled")
        return frozenset(words)
