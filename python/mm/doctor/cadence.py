"""Frames of market data into how often and how late each stream speaks. A function of what arrived and when."""

import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from statistics import median_low

from mm.doctor.facts import Feed, Stream
from mm.doctor.look import shown
from mm.errors import Unreadable
from mm.wire import Ack, AssetCtx, Bbo, Broken, Data, L2Book, StreamError, Trades, decode, subscription_key
from mm.wire.reader import load

KINDS = ("bbo", "l2Book fast", "l2Book", "trades", "activeAssetCtx")
ERRORS_MAX = 8
"""Complaints of the venue that are kept; an address that shouts is not quoted in full."""

ERROR_SHOWN = 120
"""Characters of each."""

Key = tuple[str, str]
"""(kind, coin)."""
Subscription = Mapping[str, object]


class Cadence:
    """Counts the frames of each stream. The first frame of a stream is the answer to the subscription, not news."""

    def __init__(self, coins: tuple[str, ...], subscriptions: Iterable[Subscription] = ()) -> None:
        """For the streams of those coins; `subscriptions` are what was asked for, so that an answer is known by it."""
        self._coins = coins
        self._asked = {subscription_key(json.dumps(asked)): _key_of(asked) for asked in subscriptions}
        self._acknowledged: set[Key] = set()
        self._arrived: dict[Key, list[int]] = {}
        self._lags: dict[Key, list[int]] = {}
        self._errors: list[str] = []
        self.user_state: object = None
        """`userState` of the newest `webData3` frame, as JSON; None until one came."""

    def frame(self, data: bytes, now_ms: int) -> None:
        """Takes one frame, whatever it is; what cannot be read counts as a complaint."""
        match decode(data):
            case Bbo(coin=coin, time=time):
                self._news(("bbo", coin), time, now_ms)
            case L2Book() as book:
                self._news(("l2Book fast" if book.fast else "l2Book", book.coin), book.time, now_ms)
            case Trades(trades=trades):
                for coin, time in {trade.coin: trade.time for trade in trades}.items():
                    self._news(("trades", coin), time, now_ms)
            case AssetCtx() as told:
                self._news(("activeAssetCtx", told.coin), None, now_ms)
            case Ack() as ack:
                if ack.key in self._asked:
                    self._acknowledged.add(self._asked[ack.key])
            case Data(channel="webData3", data=state):
                self._state(state)
            case StreamError() as error:
                self.complain(error.text)
            case Broken(why=why):
                self.complain(f"a frame {why}")
            case _:
                pass  # pong, the greeting, and whatever the venue adds

    def complain(self, what: str) -> None:
        """Keeps a complaint: the venue's, or that a connection was closed."""
        if len(self._errors) < ERRORS_MAX:
            self._errors.append(shown(what, ERROR_SHOWN))

    def _news(self, key: Key, time_ms: int | None, now_ms: int) -> None:
        arrived = self._arrived.setdefault(key, [])
        arrived.append(now_ms)
        if time_ms is not None and len(arrived) > 1:
            self._lags.setdefault(key, []).append(now_ms - time_ms)

    def _state(self, data: bytes) -> None:
        try:
            self.user_state = load(data, "webData3")["userState"].raw
        except Unreadable as error:
            self.complain(str(error))

    def feed(self, watched_ms: int) -> Feed:
        """What was seen in that time."""
        streams = tuple(self._stream((kind, coin)) for coin in self._coins for kind in KINDS)
        return Feed(watched_ms=watched_ms, streams=streams, errors=tuple(self._errors))

    def _stream(self, key: Key) -> Stream:
        arrived = self._arrived.get(key, [])
        gaps = [later - earlier for earlier, later in pairwise(arrived)]
        lags = self._lags.get(key, [])
        return Stream(
            kind=key[0],
            coin=key[1],
            is_acknowledged=key in self._acknowledged,
            frames=len(arrived),
            median_gap_ms=median_low(gaps) if gaps else None,
            median_lag_ms=median_low(lags) if lags else None,
        )


def _key_of(subscription: Subscription) -> Key:
    kind = "l2Book fast" if subscription.get("fast") is True else str(subscription["type"])
    return kind, str(subscription.get("coin", ""))
