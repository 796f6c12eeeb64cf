"""A client is not taken along into a forked process (reliability P9)."""

import asyncio
import os
import warnings
from collections.abc import Callable

import pytest

import mm
from mm.errors import NotSent, UsageError
from mm.protocol import LinkUp
from tests.client.exchange import Fake, run
from tests.client.test_sync import Slow, connected
from tests.link.helpers import linked, place, until
from tests.link.helpers import run as run_link
from tests.link.venue import running

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def in_child(work: Callable[[], object]) -> str:
    """What came of it in a forked process: the class of the exception, or nothing."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks with threads, which is what is tried here
        child = os.fork()
    if not child:
        told = b""
        try:
            work()
        except BaseException as error:
            told = type(error).__name__.encode()
        os.write(writing, told)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        words = pipe.read()
    os.waitpid(child, 0)
    return words


def drive(call: Callable[[], object]) -> None:
    """The first step of a coroutine, without the loop: it is the parent's."""
    call().send(None)  # type: ignore[attr-defined]


def test_a_client_is_refused_in_a_child_and_goes_on_in_its_parent() -> None:
    async def story() -> None:
        fake = Fake()
        async with fake.client() as hl:
            await hl.ready()
            sent = len(fake.sent)
            for call in (
                lambda: hl.place("BTC", "B", "100", "1"),
                lambda: hl.cancel_all(),
                lambda: hl.__aexit__(None, None, None),
            ):
                assert in_child(lambda call=call: drive(call)) == UsageError.__name__  # type: ignore[misc]
            assert len(fake.sent) == sent
            assert (await hl.place("BTC", "B", "100", "1")).state == mm.OrderState.Resting

    run(story())


def test_without_async_it_does_not_wait_for_a_thread_that_is_not_there() -> None:
    fake = Slow()
    with connected(fake) as hl:
        assert in_child(lambda: hl.place("BTC", "B", "100", "1")) == NotSent.__name__
        assert in_child(hl.close) == ""
        assert hl.place("BTC", "B", "100", "1").state == mm.OrderState.Resting


def test_a_link_sends_and_closes_nothing_in_a_child() -> None:
    async def story() -> None:
        async with running() as venue, linked(venue) as link:
            await until(link, LinkUp)
            assert in_child(lambda: link.send(place(link))) == UsageError.__name__
            assert in_child(lambda: drive(link.close)) == StopIteration.__name__
            await asyncio.sleep(0.05)
            assert venue.connections == 1
            assert not venue.posted
            assert link.up

    run_link(story)
