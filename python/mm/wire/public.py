"""What `/info` says of markets and of the venue itself (protocol 6.1). Books and trades: `read_book`, `read_trades`."""

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from mm.errors import Unreadable
from mm.wire.reader import Rows, Value, load


@dataclass(frozen=True, slots=True)
class AssetContext:
    """A perp's prices and its day, as `metaAndAssetCtxs` tells them. A market without a book has neither mid nor premium."""

    coin: str
    mark_px: Decimal
    oracle_px: Decimal
    mid_px: Decimal | None
    prev_day_px: Decimal
    funding: Decimal
    premium: Decimal | None
    open_interest: Decimal
    day_ntl_vlm: Decimal


@dataclass(frozen=True, slots=True)
class FundingRate:
    """The funding rate of an hour, as a fraction; `time` is some ms after it."""

    coin: str
    funding_rate: Decimal
    premium: Decimal
    time: int


@dataclass(frozen=True, slots=True)
class Candle:
    """One interval of trading; the last one of an answer is unfinished. Times in ms, both included."""

    coin: str
    interval: str
    open_ms: int
    close_ms: int
    open_px: Decimal
    high_px: Decimal
    low_px: Decimal
    close_px: Decimal
    volume: Decimal
    trades: int


@dataclass(frozen=True, slots=True)
class ExchangeStatus:
    """The venue's clock (ms), and what is special today; nothing is the rule."""

    time: int
    special_statuses: str | None


def all_mids(body: bytes, status: int = 200) -> dict[str, Decimal]:
    """Reads `allMids`: of an empty book it is the last trade's price. A mid that cannot be read is not there; if none can,
    that is `Unreadable`.
    """
    of = load(body, "allMids", status)
    mids, told = {}, list(of.members())
    for coin, px in told:
        with suppress(Unreadable):
            mids[Value(coin, of.path).text()] = px.not_negative()
    if told and not mids:
        raise of.wrong("cannot be read in any of its mids")
    return mids


def _context(name: str, of: Value) -> AssetContext:
    mid, premium = of.get("midPx"), of.get("premium")
    return AssetContext(
        coin=name,
        mark_px=of["markPx"].not_negative(),
        oracle_px=of["oraclePx"].not_negative(),
        mid_px=None if mid is None else mid.not_negative(),
        prev_day_px=of["prevDayPx"].not_negative(),
        funding=of["funding"].amount(),
        premium=None if premium is None else premium.amount(),
        open_interest=of["openInterest"].amount(),
        day_ntl_vlm=of["dayNtlVlm"].amount(),
    )


def asset_contexts(body: bytes, status: int = 200) -> Rows[AssetContext]:
    """Reads `metaAndAssetCtxs`: a context for each market of the meta, in its order. (`Assets` reads the meta of it.)"""
    meta, contexts = load(body, "metaAndAssetCtxs", status).pair()
    markets, places = meta["universe"].items(), [context.path for context in contexts.items()]
    if len(markets) != len(places):
        raise contexts.wrong("does not have as many elements as there are markets")
    at = dict(zip(places, markets, strict=True))
    return contexts.rows(lambda of: _context(at[of.path]["name"].text(), of))


def perp_dexs(body: bytes, status: int = 200) -> tuple[str, ...]:
    """Reads `perpDexs`: the names by their place; the main one, at 0, is the empty text."""
    of = load(body, "perpDexs", status)
    items = of.items()
    if items and not items[0].is_null:
        raise of.wrong("does not begin with the main dex")
    return tuple("" if dex.is_null else dex["name"].text() for dex in items)


def funding_history(body: bytes, status: int = 200) -> Rows[FundingRate]:
    """Reads `fundingHistory`."""
    return load(body, "fundingHistory", status).rows(
        lambda of: FundingRate(
            of["coin"].text(), of["fundingRate"].amount(), of["premium"].amount(), of["time"].whole()
        )
    )


def _candle(of: Value) -> Candle:
    return Candle(
        coin=of["s"].text(),
        interval=of["i"].text(),
        open_ms=of["t"].whole(),
        close_ms=of["T"].whole(),
        open_px=of["o"].positive(),
        high_px=of["h"].positive(),
        low_px=of["l"].positive(),
        close_px=of["c"].positive(),
        volume=of["v"].not_negative(),
        trades=of["n"].whole(),
    )


def candle_snapshot(body: bytes, status: int = 200) -> Rows[Candle]:
    """Reads `candleSnapshot`."""
    return load(body, "candleSnapshot", status).rows(_candle)


def candle(data: bytes) -> Candle:
    """Reads the data of the stream `candle`."""
    return _candle(load(data, "candle"))


def exchange_status(body: bytes, status: int = 200) -> ExchangeStatus:
    """Reads `exchangeStatus`: the venue's clock, and whether it is in a special state."""
    of = load(body, "exchangeStatus", status)
    special = of.get("specialStatuses")
    text = None if special is None else special.raw if isinstance(special.raw, str) else str(special.raw)
    return ExchangeStatus(of["time"].whole(), text)
