"""After a fault of our own: cancel all, stop (`mm.errors`). Nothing is believed any more, and so nothing is proven."""

import asyncio
import contextlib

from mm.errors import EngineFault
from mm.exchange.base import AsyncExchange
from mm.session import Session, name_of

LOOK_EVERY_S = 0.02


async def cancel_after_fault(session: Session, exchange: AsyncExchange, grace_ms: int) -> None:
    """Cancel all our orders, and wait a little for the answers. What cannot be done any more is left: it is told by whoever asks."""
    with contextlib.suppress(EngineFault):
        session.cancel([name_of(order) for order in session.engine.view.orders()])
        end = exchange.now_ms + grace_ms
        while session.requests_open and exchange.now_ms < end:
            try:
                fact = await exchange.receive(end)
            except EngineFault:
                await asyncio.sleep(
                    LOOK_EVERY_S
                )  # a link that failed gives what came, and has nothing else to wait for
            else:
                if fact is not None:
                    session.take(fact)
