"""For tests that trade: `pytest_plugins = ["mm.testing"]` gives the fixture `hl_exchange`, a Hyperliquid on loopback.

    def test_my_bot(hl_exchange):
        bot = MyBot(base_url=hl_exchange.url, key=hl_exchange.accounts[0].agent_key, ...)
        hl_exchange.control.inject("exchange.reply_lost")
        ...
        assert hl_exchange.control.truth()[address]["openOrders"] == []

Each test has a venue of its own. `hl_exchange.control` is `mm.sim.thread.ThreadControl`; `hl_exchange.accounts` are
funded accounts with their keys, which are worthless. pytest is imported only here, and only when this is imported.
"""

from collections.abc import Iterator

import pytest

from mm.sim.thread import Simulation

__all__ = ["Simulation", "hl_exchange"]


@pytest.fixture
def hl_exchange() -> Iterator[Simulation]:
    """A simulated Hyperliquid that runs for one test: `.url`, `.accounts`, `.control`."""
    with Simulation() as simulation:
        yield simulation
