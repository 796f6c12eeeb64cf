"""Everybody else: other makers around a moving value, takers who know nothing, one who knows.

The value is a random walk in whole ticks with a few jumps, pulled gently back so that the tick stays
the same. The crowd's makers follow it a little late; the informed taker does not, and hits whoever
quotes what it no longer is. Uninformed takers come at random and pay the spread.
"""

from random import Random

from mm.exchange.thin.venue import Venue
from mm.protocol import Action, Cancel, Change, Modify, NewOrder, Place, Target

TICK = 10  # price units: 0.001 at five significant figures and two size decimals
START = 412_360
FAR = 1 << 60
MAKERS = 3
OFFSETS = (8, 14, 21, 28)  # ticks from the value, level by level
DRIFT = 10


class Crowd:
    """Makes the other accounts' actions, block by block."""

    def __init__(self, venue: Venue, seed: str) -> None:
        self.venue = venue
        self.value = START
        self._seen = START
        self._walk = Random(f"{seed}:value")
        self._flow = Random(f"{seed}:flow")
        self._makers = Random(f"{seed}:makers")
        self._nonce = 0
        self._slots: dict[tuple[str, bool, int], str] = {
            (f"maker-{maker}", is_buy, level): ""
            for maker in range(MAKERS)
            for is_buy in (True, False)
            for level in range(len(OFFSETS))
        }
        venue.reference = START

    def actions(self) -> list[tuple[str, Action]]:
        """What the crowd does in this block."""
        first = not self._nonce
        self._move()
        slots = list(self._slots)
        chosen = slots if first else self._makers.sample(slots, 4) + self._stale(slots)
        made = [self._quote(slot) for slot in dict.fromkeys(chosen)]
        if not first:
            made += self._uninformed() + self._informed()
        self._seen = self.value
        return made

    def withdraw(self) -> list[tuple[str, Action]]:
        """Cancel everything that the crowd has resting."""
        gone: list[tuple[str, Action]] = []
        for (account, _, _), cloid in self._slots.items():
            gone.append((account, Cancel(self._next(), FAR, (Target(self.venue.coin, None, cloid),))))
        return gone

    def _move(self) -> None:
        walk = self._walk
        if walk.randrange(100) < 30:
            self.value += TICK * walk.choice((-2, -1, -1, 1, 1, 2))
        if walk.randrange(1000) < 12:
            self.value += TICK * walk.choice((-1, 1)) * walk.randint(12, 45)
        if walk.randrange(1000) < abs(self.value - START) // (20 * TICK):
            self.value += TICK if self.value < START else -TICK
        self.venue.reference = self.value

    def _stale(self, slots: list[tuple[str, bool, int]]) -> list[tuple[str, bool, int]]:
        """Quotes that a careful maker moves at once: the value has gone away from them, or through them."""
        stale = []
        for slot in slots:
            order = self.venue.find(slot[0], self._slots[slot])
            if order is None or order.status != "open":
                continue
            margin = self._seen - order.px if slot[1] else order.px - self._seen
            if abs(margin - OFFSETS[slot[2]] * TICK) > DRIFT * TICK:
                stale.append(slot)
        return stale

    def _quote(self, slot: tuple[str, bool, int]) -> tuple[str, Action]:
        account, is_buy, level = slot
        offset = TICK * (OFFSETS[level] + self._makers.randint(0, 4))
        px = self._seen - offset if is_buy else self._seen + offset
        px -= px % TICK
        lots = self._makers.randint(40, 160)
        old = self.venue.find(account, self._slots[slot])
        cloid = self._slots[slot] = f"0x{self._next():032x}"
        words = (self.venue.coin, "B" if is_buy else "A", self.venue.rows.px(px), self.venue.rows.sz(lots))
        if old is not None and old.status == "open":
            return account, Modify(self._next(), FAR, (Change(old.oid, NewOrder(*words, "Alo", cloid)),))
        return account, Place(self._next(), FAR, (NewOrder(*words, "Alo", cloid),))

    def _uninformed(self) -> list[tuple[str, Action]]:
        if self._flow.randrange(100) >= 13:
            return []
        is_buy = self._flow.random() < 0.5
        lots = self._flow.choice((40, 50, 60, 80, 120, 180, 260))
        return [self._take(f"taker-{self._flow.randint(1, 3)}", is_buy, self.value + (900 if is_buy else -900), lots)]

    def _informed(self) -> list[tuple[str, Action]]:
        edge = 3 * TICK
        for is_buy in (True, False):
            best = self.venue.book.best(not is_buy)
            if best is None or self._flow.randrange(100) >= 60:
                continue
            if (self.value - best if is_buy else best - self.value) >= edge:
                limit = self.value - 2 * TICK if is_buy else self.value + 2 * TICK
                return [self._take("informed", is_buy, limit, self._flow.randint(60, 300))]
        return []

    def _take(self, account: str, is_buy: bool, px: int, lots: int) -> tuple[str, Action]:
        px -= px % TICK
        rows = self.venue.rows
        side = "B" if is_buy else "A"
        order = NewOrder(self.venue.coin, side, rows.px(px), rows.sz(lots), "Ioc", "")
        return account, Place(self._next(), FAR, (order,))

    def _next(self) -> int:
        self._nonce += 1
        return self._nonce
