"""What the parts of a session share: the engine behind its record, the way out, the rules, and the news.

A fact reaches the engine through `fact`, and what follows from it is kept as events, in order. A fact
that the engine cannot take is surfaced and takes nothing else along.
"""

import re
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from mm._core import Effect, Engine, Order
from mm._core.sign import Nonces
from mm.errors import UsageError
from mm.protocol import Action, Query
from mm.session.counts import Counts
from mm.session.events import Event, Surprised
from mm.session.record import Recorded
from mm.session.rules import Outlet, Rules

P = ParamSpec("P")
SPOT_COIN = re.compile(rb'"coin"\s*:\s*"(@\d+|[\w.-]+/[\w.-]+)"')
"""How the venue writes them (protocol 6.3)."""
AHEAD_MOST_MS = 60_000


class Core:
    """The ground that the parts of one session stand on."""

    def __init__(
        self,
        engine: Recorded,
        outlet: Outlet,
        coins: tuple[str, ...],
        rules: Rules,
        counts: Counts,
        nonces: Nonces | None = None,
    ) -> None:
        self.engine = engine
        self.rules = rules
        self.counts = counts
        self.events: list[Event] = []
        self.follow: Callable[[Effect], None] = lambda _: None
        """What the session itself does about an effect."""
        self.spot: Callable[[str], tuple[int, str] | None] = lambda _: None
        """The decimals and the base token of a spot coin; None of any other."""
        self._met: set[bytes] = set()
        self._venue_ms = 0
        self._nonces = nonces or Nonces(engine.last_nonce)
        self._outlet = outlet
        self._coins = coins

    @property
    def now_ms(self) -> int:
        """The time that facts and decisions are made in."""
        return self._outlet.now_ms

    @property
    def venue_ms(self) -> int:
        """A time that the venue's clock has certainly passed: the latest that it told; 0 before the first."""
        return max(self._venue_ms, getattr(self._outlet, "venue_now_ms", 0))

    @property
    def ahead_ms(self) -> int:
        """By how much the venue's time is thought to be ahead of ours (what is sent then expires as much later); never
        negative.
        """
        return max(0, getattr(self._outlet, "venue_offset_ms", 0))

    def saw(self, venue_ms: object) -> None:
        """The venue told a time of its own. One that lies far ahead is none: it would end what may still happen."""
        if type(venue_ms) is int and self._venue_ms < venue_ms <= self.now_ms + self.ahead_ms + AHEAD_MOST_MS:
            self._venue_ms = venue_ms

    def coins(self) -> list[str]:
        """Every coin that matters: those asked for, and those that the engine has heard of."""
        return list(dict.fromkeys((*self._coins, *self.engine.view.coins())))

    def own_coins(self) -> list[str]:
        """The coins asked for, and those with an order of ours that is not closed."""
        return list(dict.fromkeys((*self._coins, *(order.coin for order in self.engine.view.orders()))))

    def meet(self, data: bytes) -> None:
        """Tell the engine what the spot coins in here are, before it is told of their fills: it cannot know that a fee was
        taken from the size (order-state 4). They need be none of ours: an account may be used for anything else beside.
        """
        if b'"@' not in data and b"/" not in data:
            return
        for name in set(SPOT_COIN.findall(data)) - self._met:
            coin = name.decode()
            told = self.spot(coin)
            if told is not None:
                self._met.add(name)
                self.engine.tell(Engine.set_coin, coin, sz_decimals=told[0], base_token=told[1])

    def emit(self, event: Event) -> None:
        """Keep a piece of news for whoever runs the session."""
        self.events.append(event)

    def fact(
        self, method: Callable[Concatenate[Engine, P], tuple[Effect, ...]], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[Effect, ...] | None:
        """Tell the engine a fact and follow what comes of it; give that back, or None if it could not be taken."""
        try:
            effects = self.engine.tell(method, *args, **kwargs)
        except UsageError as error:
            # A fact that cannot be taken (of an order that left memory long ago, say) must not block the rest.
            self.surprise(f"{method.__name__}: {error}")
            return None
        self.absorb(effects)
        return effects

    def absorb(self, effects: tuple[Effect, ...]) -> None:
        """Follow effects, and keep them as news."""
        for effect in effects:
            self.events.append(effect)
            self.follow(effect)

    def surprise(self, what: str, coin: str | None = None, kind: str = "surfaced") -> None:
        """Count and tell what should not happen."""
        self.counts.surprises[kind] += 1
        self.emit(Surprised(what, coin))

    def act(self, action: Action) -> None:
        """Send an action: written first."""
        self.engine.sending(action)
        self._outlet.send(action)

    def repeat(self, action: Action) -> None:
        """Send what concerns a nonce that was written before: its noop, or its bytes once more."""
        self._outlet.send(action)

    def ask(self, query: Query) -> None:
        """Send a query."""
        self._outlet.send(query)

    def next_nonce(self) -> int:
        """A nonce above all that this signer's sessions gave before it, and not below the time (I14, protocol 2.5).

        Above the record's too, whoever else counted: an earlier life may have been ahead of this one's clock.
        """
        return self._nonces.next(max(self.now_ms, self.engine.last_nonce + 1, self._nonces.last))


def dex_of(coin: str) -> str:
    """The perpetual dex that a coin belongs to: the part before the colon; "" is the default one and spot."""
    dex, colon, _ = coin.partition(":")
    return dex if colon else ""


def name_of(order: Order) -> str:
    """The order's name: its first cloid. Ours always have one."""
    assert order.cloid is not None, "an order of ours has a cloid"
    return order.cloid


UNSEEN = frozenset({"Pending", "Unknown", "CancelingBlind"})
"""Phases of a leg that the venue was never heard of to have."""


def phase_of(engine: Engine, cloid: str) -> str | None:
    """The phase of the leg with this cloid; None once it is settled and folded away, or unknown here."""
    order = engine.get_by_cloid(cloid)
    if order is None:
        return None
    return next((leg.phase for leg in order.legs if leg.cloid == cloid), None)
