"""What the maker did and saw, counted. It lives outside the maker's process, so that deaths do not clear it."""

from collections import Counter
from dataclasses import dataclass, field

from mm.fallback import Verdict


@dataclass(slots=True)
class Tally:
    """Counts over the whole run, all lives of the maker together."""

    placed: int = 0
    modified: int = 0
    cancelled: int = 0
    kept: int = 0
    rejected: int = 0
    replaced: int = 0
    fills: int = 0
    duplicates: int = 0
    skipped: int = 0
    excess: int = 0
    fences: int = 0
    fenced: int = 0
    asked: int = 0
    gaps: int = 0
    gaps_closed: int = 0
    reconnects: int = 0
    refused: int = 0
    """Asks that the engine did not allow; nothing was sent for them."""
    fallbacks: Counter[Verdict] = field(default_factory=Counter)
    put_anew: int = 0
    taken: int = 0
    surprises: Counter[str] = field(default_factory=Counter)
    """What should not happen: overfills, contradictions, foreign orders, records not understood."""
