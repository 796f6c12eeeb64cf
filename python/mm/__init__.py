"""A market maker for Hyperliquid that never loses track of an order.

The client (`mm.Hyperliquid` and its like) is looked up when it is first asked for: `import mm` opens
nothing, starts nothing, and loads nothing but itself and the standard library.
"""

import importlib

from mm._core import (
    Applied,
    CancelRequest,
    Effect,
    Engine,
    Fill,
    Gap,
    Leg,
    ModifyOutcome,
    ModifyRequest,
    Order,
    OrderState,
    OrdStatus,
    Position,
    Report,
    Side,
    Tif,
    classify_cancel_error,
    classify_modify_error,
    classify_order_error,
    classify_status,
    transitions,
)
from mm._core.wire import Asset, Assets, Bbo, Book, L2Book, Level, Trade, from_float
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
    Unreadable,
    Unrepresentable,
    UsageError,
    VenueError,
)

TYPE_CHECKING = False  # as in typing, whose import alone would cost more than all of ours
if TYPE_CHECKING:
    from mm.exchange.hyperliquid.client import Hyperliquid
    from mm.exchange.hyperliquid.client_open import NewOrder
    from mm.exchange.hyperliquid.link_settings import MAINNET, TESTNET
    from mm.exchange.hyperliquid.sync import HyperliquidSync, connect
    from mm.fallback import Policy
else:
    _LATE = {
        "Hyperliquid": "mm.exchange.hyperliquid.client",
        "HyperliquidSync": "mm.exchange.hyperliquid.sync",
        "MAINNET": "mm.exchange.hyperliquid.link_settings",
        "NewOrder": "mm.exchange.hyperliquid.client_open",
        "Policy": "mm.fallback",
        "TESTNET": "mm.exchange.hyperliquid.link_settings",
        "connect": "mm.exchange.hyperliquid.sync",
    }

    def __getattr__(name):
        if name in _LATE:
            return getattr(importlib.import_module(_LATE[name]), name)
        raise AttributeError(f"module 'mm' has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *_LATE})


del TYPE_CHECKING

__all__ = [
    "Applied",
    "Asset",
    "Assets",
    "BadInput",
    "Bbo",
    "Book",
    "CancelRequest",
    "ConfigError",
    "DuplicateCloid",
    "Effect",
    "Engine",
    "EngineFault",
    "Fill",
    "Gap",
    "Hyperliquid",
    "HyperliquidSync",
    "L2Book",
    "Leg",
    "Level",
    "MAINNET",
    "MmError",
    "ModifyOutcome",
    "ModifyRequest",
    "NewOrder",
    "NotSent",
    "OrdStatus",
    "Order",
    "OrderState",
    "OutcomeUnknown",
    "Policy",
    "Position",
    "Refused",
    "Report",
    "Side",
    "TESTNET",
    "Tif",
    "Trade",
    "TransitionRefused",
    "UnknownOrder",
    "Unreadable",
    "Unrepresentable",
    "UsageError",
    "VenueError",
    "classify_cancel_error",
    "classify_modify_error",
    "classify_order_error",
    "classify_status",
    "connect",
    "from_float",
    "transitions",
]
