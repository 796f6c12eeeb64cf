"""A thousand connections later: as many tasks, sockets and bytes as before."""

import asyncio
import gc
import os
import tracemalloc
from pathlib import Path

from mm.protocol import AskOrder, LinkDown, LinkUp, OrderReply
from tests.link.helpers import eventually, linked, place, rest, run, until
from tests.link.venue import running

ROUNDS = 1_000


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if os.path.isdir("/proc/self/fd") else 0  # noqa: PTH112


def test_a_thousand_reconnects_leave_nothing_behind() -> None:
    async def story() -> None:
        async with running(answer_post=lambda _: None) as venue, linked(venue, backoff_most_ms=1) as link:
            # What was sent is remembered for a minute, and this is to be over sooner.
            link.limits.sockets._messages.span_ms = link.limits.sockets._connects.span_ms = 100
            link.limits.ip.window.span_ms = 100

            async def rounds(count: int) -> None:
                for n in range(count):
                    if n % 50 == 0:
                        link.send(place(link))  # Its answer never comes: the loss of the connection frees its place.
                    await venue.close(1000) if n % 2 else venue.abort()
                    await until(link, LinkDown)
                    await until(link, LinkUp)
                    venue.subscribed.clear()
                    venue.asked.clear()

            await until(link, LinkUp)
            await rounds(50)
            gc.collect()
            tasks, files = len(asyncio.all_tasks()), open_files()
            await rounds(ROUNDS - 250)
            tracemalloc.start()
            await rounds(50)
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            await rounds(200)
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
            tracemalloc.stop()
            assert link._line is not None and link._line.epoch == ROUNDS + 51
            assert abs(len(asyncio.all_tasks()) - tasks) <= 2, asyncio.all_tasks()
            assert abs(open_files() - files) <= 4
            assert grown < 200 * 200, grown  # Bytes; four unsettled actions are among them.
            sockets = link.limits.sockets
            assert (sockets.connections, sockets.posts, sockets.subscriptions) == (1, 0, 7)
            link.send(AskOrder(1, 2))
            assert isinstance(await until(link, OrderReply), OrderReply)

    run(story)


def test_closing_at_any_moment_leaves_no_task_and_no_socket() -> None:
    async def story() -> None:
        async with running() as venue:
            files = open_files()
            for wait_ms in (0, 1, 2, 3, 5, 8, 13, 30):
                async with linked(venue) as link:
                    await asyncio.sleep(wait_ms / 1_000)
                    link.send(AskOrder(1, 2))
                assert not link._tasks
                assert link.limits.sockets.connections == 0
            await eventually(lambda: not venue.sockets)
            await asyncio.sleep(0.05)
            ours = [task for task in asyncio.all_tasks() if "mm" in str(task.get_coro())]
            assert not ours
            assert open_files() <= files + 1

    run(story)


def test_opening_can_be_cancelled() -> None:
    async def story() -> None:
        async with running(infos={"meta": None}) as venue:
            files = open_files()

            async def opens() -> None:
                async with linked(venue):
                    raise AssertionError("it never opens")

            task = asyncio.create_task(opens())
            await eventually(lambda: any(one["type"] == "meta" for one in venue.asked))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled()
            await asyncio.sleep(0.05)
            assert open_files() <= files + 1

    run(story)


def test_a_handshake_that_is_given_up_leaves_no_socket() -> None:
    async def story() -> None:
        async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()  # Says nothing until the other side ends it.
            writer.close()
            ended.set()

        ended = asyncio.Event()
        server = await asyncio.start_server(never, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            files = open_files()
            object.__setattr__(link.settings, "url", f"http://127.0.0.1:{port}")
            venue.abort()
            await until(link, LinkDown)
            await asyncio.sleep(0.1)
            assert not await rest(link, 50)
            await link.close()
            await asyncio.wait_for(ended.wait(), 1)
            await asyncio.sleep(0.02)
            assert open_files() <= files
        server.close()
        await server.wait_closed()

    run(story)
