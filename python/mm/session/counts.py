"""What a session did and saw, counted. It may outlive the session, so that a death clears nothing."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """Counts over all lives of a session."""

    placed: int = 0
    modified: int = 0
    cancelled: int = 0
    rejected: int = 0
    fills: int = 0
    duplicates: int = 0
    skipped: int = 0
    resent: int = 0
    fences: int = 0
    fenced: int = 0
    forgotten: int = 0
    """Legs that lived, of which no book of the venue knew any more."""
    asked: int = 0
    gaps: int = 0
    gaps_closed: int = 0
    reconnects: int = 0
    surprises: Counter[str] = field(default_factory=Counter)
    """What should not happen: overfills, contradictions, foreign orders, records not understood."""
