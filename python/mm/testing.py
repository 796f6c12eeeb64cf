"""For tests that trade: `pytest_plugins = ["mm.testing"]` gives the fixture `hl_exchange`, a Hyperliquid on loopback.

    def test_my_bot(hl_exchange):
        bot = MyBot(base_url=hl_exchange.url, key=hl_exchange.accounts[0].agent_key, ...)
        hl_exchange.control.inject("exchange.reply_lost")
        ...
        assert hl_exchange.control.truth()[address]["openOrders"] == []

Each test has a venue of its own, with quiet traders on every coin; at its end the venue audits itself, and money that does
not add up fails the test. Mark a test `@pytest.mark.hl_exchange(market="none", seed=3, ...)` to have another one: the words
are those of `mm.sim.thread.Simulation`. `hl_exchange.control` is `mm.sim.thread.ThreadControl`; `hl_exchange.accounts` are
funded accounts with their keys, which are worthless. pytest is imported only here, and only when this is imported.
"""

from collections.abc import Iterator

import pytest

from mm.sim.thread import Simulation

__all__ = ["Simulation", "hl_exchange"]


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", "hl_exchange(**words): what the simulated venue of a test is set up with")


@pytest.fixture
def hl_exchange(request: pytest.FixtureRequest) -> Iterator[Simulation]:
    """A simulated Hyperliquid that runs for one test: `.url`, `.accounts`, `.control`."""
    mark = request.node.get_closest_marker("hl_exchange")
    with Simulation(**(mark.kwargs if mark is not None else {})) as simulation:
        yield simulation
