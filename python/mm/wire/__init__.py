"""What the venue says, as values: frames, answers of `/exchange` and of `/info`, and the grid of prices and sizes.

Frames, books and answers to actions are read in Rust (`mm._core.wire`, gathered here); the answers of `/info` that are
off the hot path by plain readers, one a type of question. Each gives all that it could read, or raises
`Unreadable`: a failed read never looks like an empty answer. A record that is not understood is surfaced beside its
siblings.

```python sketch
match decode(frame):
    case User():
        report = engine.process_ws(frame)
    case L2Book() | Bbo() as event:
        books[event.coin].apply(event, received_ms)
    case Ack(key=key):
        waiting.discard(key)
    case Broken(why=why):
        link.suspect(why)
```
"""

from mm._core.wire import (
    Ack,
    ActionError,
    Asset,
    AssetCtx,
    Assets,
    Bbo,
    Book,
    Broken,
    Data,
    Done,
    Filled,
    Garbled,
    Greeting,
    ItemError,
    L2Book,
    Level,
    Mids,
    Pong,
    Post,
    Resting,
    StreamError,
    Surfaced,
    Trade,
    Trades,
    User,
    Waiting,
    decode,
    from_float,
    read_answer,
    read_book,
    read_trades,
    subscription_key,
)
from mm.wire.account import (
    ActiveAssetData,
    Agent,
    ClearinghouseState,
    FeeTier,
    FundingPayment,
    MakerTier,
    MarginSummary,
    PerpPosition,
    RateLimit,
    SpotBalance,
    UserFees,
    UserRole,
    WebData,
    active_asset_data,
    clearinghouse_state,
    extra_agents,
    funding_event,
    max_builder_fee,
    spot_clearinghouse_state,
    user_fees,
    user_funding,
    user_rate_limit,
    user_role,
    web_data,
)
from mm.wire.orders import (
    FillsPage,
    OpenOrder,
    OrderRecord,
    fills_page,
    historical_orders,
    open_orders,
    order_status,
)
from mm.wire.public import (
    AssetContext,
    Candle,
    ExchangeStatus,
    FundingRate,
    all_mids,
    asset_contexts,
    candle,
    candle_snapshot,
    exchange_status,
    funding_history,
    perp_dexs,
)
from mm.wire.reader import Rows, Value, load

Event = L2Book | Bbo | Trades | AssetCtx | Mids | User | Data | Post | Ack | StreamError | Pong | Greeting | Broken
"""Everything that `decode` gives."""

Outcome = Resting | Filled | Done | Waiting | ItemError | ActionError | Garbled
"""Everything that `read_answer` gives."""

__all__ = [
    "Ack",
    "ActionError",
    "ActiveAssetData",
    "Agent",
    "Asset",
    "AssetContext",
    "AssetCtx",
    "Assets",
    "Bbo",
    "Book",
    "Broken",
    "Candle",
    "ClearinghouseState",
    "Data",
    "Done",
    "Event",
    "ExchangeStatus",
    "FeeTier",
    "Filled",
    "FillsPage",
    "FundingPayment",
    "FundingRate",
    "Garbled",
    "Greeting",
    "ItemError",
    "L2Book",
    "Level",
    "MakerTier",
    "MarginSummary",
    "Mids",
    "OpenOrder",
    "OrderRecord",
    "Outcome",
    "PerpPosition",
    "Pong",
    "Post",
    "RateLimit",
    "Resting",
    "Rows",
    "SpotBalance",
    "StreamError",
    "Surfaced",
    "Trade",
    "Trades",
    "User",
    "UserFees",
    "UserRole",
    "Value",
    "Waiting",
    "WebData",
    "active_asset_data",
    "all_mids",
    "asset_contexts",
    "candle",
    "candle_snapshot",
    "clearinghouse_state",
    "decode",
    "exchange_status",
    "extra_agents",
    "fills_page",
    "from_float",
    "funding_event",
    "funding_history",
    "historical_orders",
    "load",
    "max_builder_fee",
    "open_orders",
    "order_status",
    "perp_dexs",
    "read_answer",
    "read_book",
    "read_trades",
    "spot_clearinghouse_state",
    "subscription_key",
    "user_fees",
    "user_funding",
    "user_rate_limit",
    "user_role",
    "web_data",
]
