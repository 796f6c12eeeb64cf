"""Random histories through the public face, against the reference model and against the truth.

Two engines live side by side: one is told every message once, through one door; the other twice, through another.
After every step both must agree with each other to the digest, with the model in every quantity, with the law in every
state, and the truth must lie inside the worst case. In the end everything is delivered, and all must be exact.

`MM_DEEP=1` searches much longer.
"""

import os
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import mm
from mm.errors import UsageError
from tests.model import checks, driver
from tests.model.reference import Absent, CancelAsked, Evidence, Intent, Seen, Silence
from tests.model.world import COINS, FOREIGN_COIN, Leg, Message, Request, World, say

DEEP = os.environ.get("MM_DEEP") == "1"
TENTH = driver.TENTH
pick = st.integers(0, 10**6)
sizes = st.integers(1, 20).map(lambda n: n * TENTH)
prices = st.integers(1, 9).map(lambda n: Fraction(100 + n, 10))
sides = st.sampled_from([1, -1])
coins = st.sampled_from(COINS)
fill_doors = st.sampled_from(driver.FILL_ROUTES)
update_doors = st.sampled_from(driver.UPDATE_ROUTES)
VENUE_CANCELS = (
    "marginCanceled",
    "selfTradeCanceled",
    "scheduledCancel",
    "openInterestCapCanceled",
    "somethingNewCanceled",
)
TIFS = {"alo": mm.Tif.ALO, "gtc": mm.Tif.GTC, "ioc": mm.Tif.IOC}


class Orders(RuleBasedStateMachine):
    """One account: what we ask, what the venue does, what we are told."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.evidence = Evidence()
        self.engines = driver.new_engines()
        self.roots: list[str] = []  # first cloids of our orders
        self.asked = 0
        self.acted: dict[str, int] = {}  # when we last acted on a leg
        for engine in self.engines:
            driver.anchor(engine, self.world, (*COINS, FOREIGN_COIN))

    # Helpers -----------------------------------------------------------------------------------------------------

    def step(self) -> None:
        self.world.now += 1

    def ask(self, call: Callable[[mm.Engine], Any]) -> list[Any] | None:
        """The same ask to both engines; a refused one changes nothing, and both refuse alike."""
        before = [engine.digest() for engine in self.engines]
        answers, refusals = [], []
        for engine in self.engines:
            try:
                answers.append(call(engine))
            except UsageError as refusal:
                refusals.append(str(refusal))
        if not refusals:
            return answers
        assert len(refusals) == 2, f"only one engine refused: {refusals}"
        assert refusals[0] == refusals[1]
        assert before == [engine.digest() for engine in self.engines], refusals
        return None

    def pick_message(self, which: int, fresh: bool) -> Message | None:
        pool = [m for m in self.world.messages if bool(m.delivered) is not fresh]
        return pool[which % len(pool)] if pool else None

    def deliver(self, message: Message, door: str, other: str) -> None:
        """To one engine once, to the other twice and through another door."""
        if message.kind not in ("fill", "update"):
            door = other = ""
        now = self.world.now
        driver.tell(self.engines[0], message, door, now)
        driver.tell(self.engines[1], message, other, now)
        driver.tell(self.engines[1], message, door, now)
        message.delivered += 1
        self.evidence.add(*message.atoms)

    def in_flight(self, kind: str, which: int) -> Request | None:
        found = [r for r in self.world.requests if r.kind == kind]
        return found[which % len(found)] if found else None

    def live_leg(self, which: int, ours: bool = True) -> Leg | None:
        found = [leg for leg in self.world.live() if (leg.cloid is not None) is ours]
        return found[which % len(found)] if found else None

    # What we ask -------------------------------------------------------------------------------------------------

    def place(self, coin: str, sign: int, px: Fraction, sz: Fraction, tif: str, reduce_only: bool, named: bool) -> None:
        if len(self.roots) >= 12:
            return
        cloid = self.engines[0].next_cloid()
        assert self.engines[1].next_cloid() == cloid
        done = self.ask(
            lambda engine: engine.add_pending_with_cloid(
                *(cloid, coin, driver.SIDES[sign], say(px), say(sz), TIFS[tif], reduce_only, self.world.now)
            )
        )
        assert done is not None
        leg = Leg(cloid, coin, sign, px, sz, tif == "ioc", reduce_only, named=named)
        self.evidence.add(Intent(cloid, coin, sign, px, sz, reduce_only, tif == "ioc"))
        self.world.requests.append(Request("place", leg))
        self.acted[cloid] = self.world.now
        self.roots.append(cloid)

    @rule(coin=coins, sign=sides, px=prices, sz=sizes, named=st.booleans())
    def place_post_only(self, coin: str, sign: int, px: Fraction, sz: Fraction, named: bool) -> None:
        self.place(coin, sign, px, sz, "alo", False, named)

    @rule(coin=coins, sign=sides, px=prices, sz=sizes)
    def place_crossing(self, coin: str, sign: int, px: Fraction, sz: Fraction) -> None:
        self.place(coin, sign, px, sz, "gtc", False, True)

    @rule(coin=coins, sign=sides, px=prices, sz=sizes)
    def place_immediate(self, coin: str, sign: int, px: Fraction, sz: Fraction) -> None:
        self.place(coin, sign, px, sz, "ioc", False, True)

    @rule(coin=coins, sign=sides, px=prices, sz=sizes)
    def place_reduce_only(self, coin: str, sign: int, px: Fraction, sz: Fraction) -> None:
        self.place(coin, sign, px, sz, "alo", True, True)

    @precondition(lambda self: self.roots)
    @rule(which=pick, by_cloid=st.booleans())
    def ask_cancel(self, which: int, by_cloid: bool) -> None:
        root = self.roots[which % len(self.roots)]
        order = self.engines[0].get_by_cloid(root)
        assert order is not None
        handle: int | str = root if by_cloid or order.oid is None else order.oid
        done = self.ask(lambda engine: engine.initiate_cancel(handle, self.world.now))
        if done is None:
            return
        ticket = done[0]
        assert ticket == done[1]
        self.asked += 1
        cloid = order.current_cloid
        assert cloid is not None
        leg = self.world.by_oid(ticket.oid) if ticket.oid is not None else self.world.by_cloid(ticket.cloid)
        request = Request("cancel", leg, handle=handle, ticket=ticket, n=self.asked, cloid=cloid)
        if leg is None:  # still on its way: the cancel may be executed before it, or after
            waiting = [r.leg or r.new for r in self.world.requests if r.kind != "cancel"]
            request.leg = next((w for w in waiting if w is not None and w.cloid == ticket.cloid), None)
        self.world.requests.append(request)
        self.acted[cloid] = self.world.now
        self.evidence.add(CancelAsked(cloid, self.asked))

    @precondition(lambda self: self.roots)
    @rule(which=pick, px=prices, extra=st.integers(-5, 5))
    def ask_modify(self, which: int, px: Fraction, extra: int) -> None:
        root = self.roots[which % len(self.roots)]
        order = self.engines[0].get_by_cloid(root)
        assert order is not None
        wanted = max(Fraction(order.order_qty) + extra * TENTH, TENTH)
        cloid = self.engines[0].next_cloid()
        assert self.engines[1].next_cloid() == cloid
        done = self.ask(
            lambda engine: engine.initiate_modify(order.oid or root, cloid, say(px), say(wanted), self.world.now)
        )
        if done is None:
            return
        asked = done[0]
        assert asked == done[1]
        assert asked.cloid == cloid
        old = self.world.by_oid(asked.oid)
        assert old is not None, "a modify of what the venue never told us of"
        new = Leg(cloid, old.coin, old.sign, px, Fraction(asked.sz), False, old.reduce_only)
        self.evidence.add(
            Intent(cloid, old.coin, old.sign, px, new.sz, old.reduce_only, False, replaces=old.cloid),
        )
        self.world.requests.append(Request("modify", old, new))
        self.acted[cloid] = self.world.now
        if old.cloid:
            self.acted[old.cloid] = self.world.now

    @rule(which=pick)
    def no_answer(self, which: int) -> None:
        """A time-out, of a request that was executed or not."""
        told = {m.body.get("cloid") for m in self.world.messages if m.delivered}
        open_legs = [a for a in self.evidence.atoms if isinstance(a, Intent) and a.cloid not in told and not a.replaces]
        if not open_legs:
            return
        open_legs.sort(key=lambda a: a.cloid)
        cloid = open_legs[which % len(open_legs)].cloid
        for engine in self.engines:
            engine.on_no_answer(cloid, self.world.now)
        self.evidence.add(Silence(cloid))

    @rule(which=pick)
    def no_answer_to_modify(self, which: int) -> None:
        request = self.in_flight("modify", which)
        if request is None or request.new is None or request.new.cloid is None:
            return
        for engine in self.engines:
            engine.on_modify_no_answer(request.new.cloid, self.world.now)
        self.evidence.add(Silence(request.new.cloid))

    # What the venue does -----------------------------------------------------------------------------------------

    @rule(which=pick, part=st.integers(0, 20), refuse=st.integers(0, 5))
    def venue_places(self, which: int, part: int, refuse: int) -> None:
        request = self.in_flight("place", which)
        if request is None or request.leg is None:
            return
        self.step()
        leg = request.leg
        crosses = leg.ioc or part % 2 == 0
        at_once = min(part * TENTH, leg.sz) if crosses and not leg.reduce_only else Fraction(0)
        if leg.ioc and not at_once:
            at_once = TENTH
        self.world.place(request, at_once, refuse == 0)

    @rule(which=pick, part=st.integers(1, 20), new_block=st.booleans())
    def venue_matches(self, which: int, part: int, new_block: bool) -> None:
        leg = self.live_leg(which)
        if leg is None:
            return
        if new_block:
            self.step()
        self.world.trade(leg, min(part * TENTH, leg.rest))

    @rule(coin=coins)
    def venue_matches_us_with_ourselves(self, coin: str) -> None:
        """One trade, one tid, two oids, two fills that say the same startPosition."""
        ours = [leg for leg in self.world.live(coin) if leg.cloid]
        buys, sells = [leg for leg in ours if leg.sign > 0], [leg for leg in ours if leg.sign < 0]
        if not buys or not sells:
            return
        self.step()
        sz = min(buys[0].rest, sells[0].rest)
        start = self.world.position.get(coin, Fraction(0))
        self.world.with_ourselves.add(coin)
        self.world.tid += 104_729
        tid = self.world.tid
        self.world.trade(buys[0], sz, False, start, tid)
        self.world.trade(sells[0], sz, True, start, tid)
        self.step()

    @rule(which=pick, word=st.sampled_from(VENUE_CANCELS))
    def venue_cancels(self, which: int, word: str) -> None:
        leg = self.live_leg(which)
        if leg is not None:
            self.step()
            self.world.kill(leg, word)

    @rule(which=pick)
    def venue_shrinks_reduce_only(self, which: int) -> None:
        """A reduce-only order ends with less left than it did not execute: that is not a fill."""
        leg = next((leg for leg in self.world.live() if leg.reduce_only), None)
        if leg is not None:
            self.step()
            self.world.kill(leg, "reduceOnlyCanceled", leg.rest / 2)

    @rule(which=pick)
    def venue_handles_cancel(self, which: int) -> None:
        request = self.in_flight("cancel", which)
        if request is not None:
            self.step()
            self.world.cancel(request)

    @rule(which=pick, how=st.sampled_from(["done", "done", "untouched", "killed"]), part=st.integers(0, 10), words=pick)
    def venue_handles_modify(self, which: int, how: str, part: int, words: int) -> None:
        request = self.in_flight("modify", which)
        if request is not None and request.new is not None:
            self.step()
            self.world.modify(request, how, min(part * TENTH, request.new.sz) if part % 3 == 0 else Fraction(0), words)

    @rule(which=pick)
    def request_is_lost(self, which: int) -> None:
        if self.world.requests:
            self.world.lose(self.world.requests[which % len(self.world.requests)])

    @rule(sign=sides, px=prices, sz=sizes)
    def someone_else_places(self, sign: int, px: Fraction, sz: Fraction) -> None:
        self.step()
        leg = Leg(None, FOREIGN_COIN, sign, px, sz, named=False)
        self.world.rest(leg)
        self.world.update(leg, "open")

    @rule(which=pick, part=st.integers(1, 20), system=st.booleans())
    def someone_elses_order_trades(self, which: int, part: int, system: bool) -> None:
        leg = self.live_leg(which, ours=False)
        if leg is None:
            return
        self.step()
        self.world.trade(leg, min(part * TENTH, leg.rest))
        if system:  # such fills carry tid 0
            message = next(m for m in reversed(self.world.messages) if m.kind == "fill")
            checks.strip_tid(message)

    # What we are told --------------------------------------------------------------------------------------------

    @rule(which=pick, door=fill_doors, other=fill_doors)
    def message_arrives(self, which: int, door: str, other: str) -> None:
        self.hand_over(self.pick_message(which, fresh=True), door, other)

    @rule(door=fill_doors, other=fill_doors)
    def newest_message_arrives(self, door: str, other: str) -> None:
        self.hand_over(self.pick_message(-1, fresh=True), door, other)

    @rule(which=pick, door=fill_doors, other=fill_doors)
    def message_arrives_again(self, which: int, door: str, other: str) -> None:
        self.hand_over(self.pick_message(which, fresh=False), door, other)

    def hand_over(self, message: Message | None, door: str, other: str) -> None:
        if message is None:
            return
        if message.kind == "update":
            door, other = ("ws", "call") if door in ("ws", "user") else ("call", "ws")
        self.deliver(message, door, other)

    @rule(seed=st.randoms(use_true_random=False), door=fill_doors, other=fill_doors)
    def fills_arrive_together(self, seed: Any, door: str, other: str) -> None:
        """Several at once, old and new, in any order, in one frame or batch."""
        fills = [m for m in self.world.messages if m.kind == "fill"]
        if not fills:
            return
        some = seed.sample(fills, seed.randint(1, min(len(fills), 6)))
        driver.tell_fills(self.engines[0], some, door, self.world.now)
        seed.shuffle(some)
        driver.tell_fills(self.engines[1], some, other, self.world.now)
        for message in some:
            message.delivered += 1
            self.evidence.add(*message.atoms)

    @rule(coin=coins, late=st.booleans())
    def open_orders_are_read(self, coin: str, late: bool) -> None:
        self.step()
        live = [leg for leg in self.world.live(coin) if leg.cloid]
        known = {leg.cloid for leg in live}
        legs = [a for a in self.evidence.atoms if isinstance(a, Intent) and a.coin == coin]
        bound = {leg.cloid: leg.oid for leg in live if self.evidence.oid(leg.cloid or "") == leg.oid}
        seen = [Seen(cloid) for cloid in bound if cloid]
        absent = [Absent(leg.cloid) for leg in legs if leg.cloid not in known]
        message = self.world.send("snapshot", {"coin": coin, "oids": [leg.oid for leg in live]}, *seen, *absent)
        self.step()
        if not late:
            self.deliver(message, "", "")

    @rule(coin=coins)
    def position_is_read(self, coin: str) -> None:
        self.step()
        szi = say(self.world.position.get(coin, Fraction(0)))
        for engine in self.engines:
            engine.on_position(coin, szi, self.world.now, now_ms=self.world.now)
        self.step()

    @rule(coin=coins, door=fill_doors, other=fill_doors)
    def all_fills_are_read(self, coin: str, door: str, other: str) -> None:
        """Paging `userFillsByTime` to its end, and saying so."""
        self.step()
        for message in self.world.messages:
            if message.kind == "fill" and message.body["trade"].coin == coin:
                self.deliver(message, door, other)
        for engine in self.engines:
            engine.on_fills_complete(coin, self.world.now, self.world.now)
        self.step()

    @rule(ms=st.sampled_from([1, 500, 3_000, 11_000, 60_000]))
    def time_passes(self, ms: int) -> None:
        self.world.now += ms
        told = [engine.tick(self.world.now) for engine in self.engines]
        assert told[0] == told[1]

    # What must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def all_agree(self) -> None:
        first, second = self.engines
        assert first.digest() == second.digest()
        for engine in self.engines:
            engine.check()
        checks.quantities(first, self.evidence, self.world, self.roots)
        checks.states(first, self.evidence, self.world, self.roots)
        checks.worst_cases(first, self.world)

    def replay(self) -> None:
        cast("driver.Recorder", self.engines[0]).replay()

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:  # else the step that failed is what matters
            checks.quiescence(self)


Orders.TestCase.settings = settings(
    max_examples=2_000 if DEEP else 60,
    stateful_step_count=60 if DEEP else 40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestOrders = Orders.TestCase
