"""A market maker for Hyperliquid that never loses track of an order."""

from mm.errors import (
    BadInput,
    ConfigError,
    DuplicateCloid,
    EngineFault,
    MmError,
    NotSent,
    OutcomeUnknown,
    Refused,
    TransitionRefused,
    UnknownOrder,
    Unrepresentable,
    UsageError,
    VenueError,
)

__all__ = [
    "BadInput",
    "ConfigError",
    "DuplicateCloid",
    "EngineFault",
    "MmError",
    "NotSent",
    "OutcomeUnknown",
    "Refused",
    "TransitionRefused",
    "UnknownOrder",
    "Unrepresentable",
    "UsageError",
    "VenueError",
]
