"""A modify with its fallback, for the client: `mm.fallback` says what to do next, here it is done.

One question is asked again whenever something may have changed, until the matter is settled. Nothing new
is placed for an order whose fate is not known.
"""

import contextlib
from collections.abc import Awaitable
from decimal import Decimal
from typing import TYPE_CHECKING

from mm._core import Order
from mm.errors import OutcomeUnknown
from mm.exchange.hyperliquid.client_parts import Waiters
from mm.fallback import Known, Policy, Verdict, next_intents, verdict_of
from mm.intents import Await, GiveUp, Inquire, Intent, Move, Pull, Put, Settled
from mm.session import Edit, Fate, How

if TYPE_CHECKING:
    from mm.exchange.hyperliquid.client import Hyperliquid

ASK_EVERY_MS = 1_000
ZERO = Decimal(0)
VERDICTS = {How.TAKEN: Verdict.REPLACED, How.FOUND: Verdict.REPLACED, How.UNKNOWN: Verdict.UNKNOWN}
UNTOUCHED = (How.NOT_SENT, How.VOID)


class Fallback:
    """One modify that is being brought to an end."""

    def __init__(self, client: "Hyperliquid", edit: Edit, leg: str, policy: Policy) -> None:
        self._client = client
        self._edit = edit
        self._policy = policy
        self._leg = leg
        self._verdict = Verdict.UNKNOWN
        self._asks = 0
        self._cancels = 0
        self._waits = 0
        self._pulled = False
        self._stopped = False
        order = self._order()
        self._coin = order.coin
        self.legs = (leg, *(known.cloid for known in order.legs if known.cloid not in (None, leg)))

    def stop(self, coin: str | None = None, name: str | None = None) -> None:
        """This order, or all of a coin, or all, are to be gone: nothing is placed in their stead."""
        self._stopped |= coin in (None, self._coin) and name in (None, self._edit.name)

    def heard(self, fate: Fate) -> None:
        """News of a cancel of one of its legs."""
        self._pulled |= fate.how == How.TAKEN and self._cancels > 0

    async def settle(self, answer: Awaitable[Fate]) -> Order:
        """Go on until the matter is settled; give the order, or the one that was placed in its stead."""
        self._verdict = _verdict(await answer)
        while True:
            order = self._order()
            (intent,) = next_intents(self._known(order), self._policy)
            settled = await self._obey(intent, order)
            if settled is not None:
                return settled

    async def _obey(self, intent: Intent, order: Order) -> Order | None:
        client = self._client
        match intent:
            case Settled():
                return order
            case Put(side=side, px=px, sz=sz):
                return await client.place(
                    order.coin, side, px, sz, tif=order.tif or intent.tif, reduce_only=order.reduce_only
                )
            case Move(px=px, order_qty=order_qty):
                return await client.modify(order, px=px, order_qty=order_qty, policy=self._policy)
            case Pull():
                self._cancels += 1
                client.session.cancel([self._edit.name])
            case Inquire():
                self._asks += 1
                client.session.reads.legs(order)
            case GiveUp(why=why):
                raise OutcomeUnknown(f"the fallback of a modify gave up: {why}", reason=why, cloid=self._edit.name)
            case Await():
                self._waits += 1
            case _:
                raise AssertionError(f"no intent of a fallback: {intent}")
        await client.changed(self._edit.name, ASK_EVERY_MS)
        return None

    def _known(self, order: Order) -> Known:
        """What is known now. The rest of what was wanted is wanted at the price that was asked for."""
        client = self._client
        return Known(
            name=self._edit.name,
            side=order.side,
            verdict=self._verdict,
            state=order.state,
            modifying=order.modifying,
            on_new_leg=order.current_cloid == self._leg,
            px=order.px,
            leaves=order.leaves_qty,
            wanted=self._edit.order_qty,
            executed=order.cum_qty,
            excess=max(ZERO, order.cum_qty + order.leaves_qty - order.order_qty),
            target=self._edit.px,
            asks=self._asks,
            cancels=self._cancels,
            waits=self._waits,
            cancelling=client.session.cancelling(self._edit.name),
            pulled=self._pulled,
            stopped=self._stopped,
        )

    def _order(self) -> Order:
        order = self._client.engine.get_by_cloid(self._edit.name)
        assert order is not None, "an order that is not closed stays in memory"
        return order


class Fallbacks:
    """Those under way in one client. Whoever cancels an order, or leaves, stops them, however far they are."""

    def __init__(self, cancels: Waiters[tuple[str, str | int], Fate]) -> None:
        self._cancels = cancels
        self._under_way: set[Fallback] = set()

    def stop(self, coin: str | None = None, name: str | None = None) -> None:
        """This order, or all of a coin, or all, are to be gone."""
        for fallback in self._under_way:
            fallback.stop(coin, name)

    async def settle(
        self, client: "Hyperliquid", edit: Edit, leg: str, answer: Awaitable[Fate], policy: Policy
    ) -> Order:
        """Bring a modify to its end. Raises `OutcomeUnknown` where the policy's patience ends, or what `place` raises."""
        fallback = Fallback(client, edit, leg, policy)
        self._under_way.add(fallback)
        try:
            with contextlib.ExitStack() as stack:
                for cloid in fallback.legs:
                    stack.enter_context(self._cancels.listen(("cancel", cloid or ""), fallback.heard))
                return await fallback.settle(answer)
        finally:
            self._under_way.discard(fallback)


def _verdict(fate: Fate) -> Verdict:
    if fate.how in UNTOUCHED:
        return Verdict.OLD_UNTOUCHED
    return VERDICTS.get(fate.how) or verdict_of(fate.text)
