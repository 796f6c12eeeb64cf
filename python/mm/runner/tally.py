"""What the maker did and saw, counted. It lives outside the maker's process, so that deaths do not clear it."""

from collections import Counter
from dataclasses import dataclass, field

from mm.fallback import Verdict
from mm.session import Counts


@dataclass(slots=True)
class Tally(Counts):
    """Counts over the whole run, all lives of the maker together: its session's, and what it decided."""

    kept: int = 0
    replaced: int = 0
    excess: int = 0
    refused: int = 0
    """Asks that the engine did not allow; nothing was sent for them."""
    fallbacks: Counter[Verdict] = field(default_factory=Counter)
    put_anew: int = 0
    taken: int = 0
