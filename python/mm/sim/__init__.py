"""A simulated Hyperliquid that any SDK can trade against, with everything that goes wrong.

The venue is Rust (`mm._core.venue`), without socket and clock. Around it: `build` (accounts, markets, recordings), `server`
(HTTP and WebSocket on loopback), `faults` and `catalogue` (what goes wrong, by name), `control` (faults on command and the
ground truth, in this process and over `POST /control`), `thread` (all of it in a thread of its own), `command` (`mm sim
serve`), `venue` (the byte protocol between a venue and whoever carries its bytes), `inside` (a client and a venue in one
process, in virtual time, without sockets: `mm.sim.Inside`) and `loop` (the asyncio loop of that time).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mm.sim.inside import Inside
    from mm.sim.thread import Simulation

__all__ = ["Inside", "Simulation"]


def __getattr__(name: str) -> Any:
    """Loads a form when it is asked for: recordings can be read without the libraries of the network."""
    if name == "Inside":
        from mm.sim.inside import Inside

        return Inside
    if name == "Simulation":
        from mm.sim.thread import Simulation

        return Simulation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
