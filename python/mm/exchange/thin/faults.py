"""What goes wrong, how often, and how often it did: by seed, and countable at the end.

Each fault has a name, a rate and its own source of chance, so that changing the rate of one leaves
the story of the others as it was.
"""

from collections import Counter
from random import Random

PER = 10_000

RATES: dict[str, int] = {
    # the request, on its way to the venue
    "request lost": 80,
    "request late": 60,
    "request twice": 80,
    # the answer, on its way back
    "answer lost": 150,
    "answer late": 250,
    "answer twice": 250,
    "answer garbled": 80,
    # the streams
    "fills lost": 500,
    "fills late": 500,
    "fills twice": 500,
    "updates lost": 200,
    "updates late": 300,
    "updates twice": 400,
    "streams swapped": 2_000,
    # reads
    "read failed": 400,
    "read lost": 200,
    # the venue's own moods
    "price band": 80,
    "rate limited": 60,
    "strange words": 40,
    # the connection (per block)
    "link cut": 22,
}


class Faults:
    """Decides each time whether a fault happens, and counts."""

    def __init__(self, seed: str, rates: dict[str, int] | None = None) -> None:
        self.rates = RATES if rates is None else rates
        self.counts: Counter[str] = Counter()
        self.on = True
        self._chance = {name: Random(f"{seed}:{name}") for name in RATES}

    def hit(self, name: str) -> bool:
        """Whether this fault happens now."""
        happens = self._chance[name].randrange(PER) < self.rates.get(name, 0) and self.on
        if happens:
            self.counts[name] += 1
        return happens

    def between(self, name: str, low: int, high: int) -> int:
        """How long or how much, for a fault that happens."""
        return self._chance[name].randint(low, high)
