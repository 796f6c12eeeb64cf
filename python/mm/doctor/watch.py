"""Watches the market data for some seconds, over two connections of the ten that an IP may have."""

import asyncio
import time

import aiohttp

from mm.doctor.cadence import Cadence, Subscription
from mm.doctor.facts import Feed, Unread

FRAME_MAX = 4 << 20
"""Bytes of a frame that are read (reliability S5)."""

CONNECT_S = 5.0
CLOSE_S = 1.0
STATE_S = 10.0
"""So long is waited for `webData3` alone, where there is no coin to be watched."""


def subscriptions(coins: tuple[str, ...], master: str) -> tuple[list[Subscription], list[Subscription]]:
    """What each of the two connections asks for.

    The plain book has a connection of its own: frames of one coin with different aggregation look alike (protocol
    7.1). The master's state, which tells the unnamed agent, goes with it.
    """
    quick: list[Subscription] = []
    for coin in coins:
        quick += [
            {"type": "bbo", "coin": coin},
            {"type": "l2Book", "coin": coin, "fast": True},
            {"type": "trades", "coin": coin},
            {"type": "activeAssetCtx", "coin": coin},
        ]
    slow: list[Subscription] = [{"type": "l2Book", "coin": coin} for coin in coins]
    if master:
        slow.append({"type": "webData3", "user": master})
    return quick, slow


async def watch(
    session: aiohttp.ClientSession, url: str, coins: tuple[str, ...], master: str, watched_s: float
) -> tuple[Feed | Unread, object]:
    """What the streams gave in that time, and the master's `userState` (or why it did not come)."""
    quick, slow = subscriptions(coins, master)
    cadence = Cadence(coins, quick + slow)
    begun = time.monotonic_ns()
    lines = [_line(session, url, wanted, cadence, coins, watched_s) for wanted in (quick, slow) if wanted]
    troubles = [why for why in await asyncio.gather(*lines) if why]
    took = (time.monotonic_ns() - begun) // 1_000_000
    state = cadence.user_state
    if state is None:
        state = Unread(troubles[0] if troubles else f"no frame in {watched_s:g} s")
    feed = cadence.feed(took)
    if troubles and not any(stream.frames or stream.is_acknowledged for stream in feed.streams):
        return Unread(troubles[0]), state
    return feed, state


async def _line(
    session: aiohttp.ClientSession,
    url: str,
    wanted: list[Subscription],
    cadence: Cadence,
    coins: tuple[str, ...],
    watched_s: float,
) -> str:
    """Reads one connection until the time is over. Gives why it could not, or the empty text."""
    address = f"ws{url.removeprefix('http')}/ws"
    try:
        async with asyncio.timeout(CONNECT_S):
            socket = await session.ws_connect(
                address, max_msg_size=FRAME_MAX, timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S)
            )
    except TimeoutError:
        return f"no connection in {CONNECT_S:g} s"
    except aiohttp.WSServerHandshakeError as error:
        return f"it was refused (HTTP {error.status})"
    except (aiohttp.ClientError, OSError) as error:
        return type(error).__name__
    try:
        async with asyncio.timeout(watched_s if coins else min(watched_s, STATE_S)):
            for subscription in wanted:
                await socket.send_json({"method": "subscribe", "subscription": subscription})
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    cadence.frame(message.data.encode(), time.time_ns() // 1_000_000)
                if not coins and cadence.user_state is not None:
                    return ""
    except TimeoutError:
        return ""  # the time is over, as it should be
    except (aiohttp.ClientError, OSError) as error:
        cadence.complain(f"the connection broke: {type(error).__name__}")
        return f"the connection broke: {type(error).__name__}"
    finally:
        await socket.close()
    cadence.complain(f"the connection was closed ({socket.close_code})")
    return f"the connection was closed ({socket.close_code})"
