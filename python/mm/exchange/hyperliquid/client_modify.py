"""A modify with its fallback, for the client: `mm.fallback` says what to do next, here it is done.

One question is asked again whenever something may have changed, until the matter is settled. Nothing new
is placed for an order whose fate is not known.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from mm._core import Order
from mm.errors import OutcomeUnknown
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

    def __init__(self, client: "Hyperliquid", edit: Edit, fate: Fate, policy: Policy) -> None:
        self._client = client
        self._edit = edit
        self._policy = policy
        self._leg = fate.cloid
        self._verdict = _verdict(fate)
        self._asks = 0
        self._cancels = 0

    async def settle(self) -> Order:
        """Go on until the matter is settled; give the order, or the one that was placed in its stead."""
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
                return await client.place(order.coin, side, px, sz, tif=order.tif or intent.tif)
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
                pass
            case _:
                raise AssertionError(f"no intent of a fallback: {intent}")
        await client.changed(self._edit.name, ASK_EVERY_MS)
        return None

    def _known(self, order: Order) -> Known:
        """What is known now. The rest of what was wanted is wanted at the price that was asked for."""
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
        )

    def _order(self) -> Order:
        order = self._client.engine.get_by_cloid(self._edit.name)
        assert order is not None, "an order that is not closed stays in memory"
        return order


async def replace_with_fallback(client: "Hyperliquid", edit: Edit, fate: Fate, policy: Policy) -> Order:
    """Bring a modify to its end by the policy. Raises `OutcomeUnknown` where its patience ends, or what `place` raises."""
    return await Fallback(client, edit, fate, policy).settle()


def _verdict(fate: Fate) -> Verdict:
    if fate.how in UNTOUCHED:
        return Verdict.OLD_UNTOUCHED
    return VERDICTS.get(fate.how) or verdict_of(fate.text)
