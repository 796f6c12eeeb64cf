"""A small venue in Python: enough to test a client against, until and beside the full one in Rust."""

from mm.sim.small.market import Market
from mm.sim.small.venue import SmallVenue

__all__ = ["Market", "SmallVenue", "markets"]


def markets() -> list[Market]:
    """The default markets. One is delisted: the index in the universe is the asset id, whatever trades."""
    rows = [
        ("BTC", 5, 40, 83_757_0),
        ("ETH", 4, 25, 2_686_60),
        ("MATIC", 1, 20, 37_540),
        ("SOL", 2, 20, 141_2300),
        ("kPEPE", 0, 10, 4_123),
        ("SIM", 2, 10, 41_2360),
    ]
    made = enumerate(rows)
    return [Market(i, coin, decimals, most, px, delisted=coin == "MATIC") for i, (coin, decimals, most, px) in made]
