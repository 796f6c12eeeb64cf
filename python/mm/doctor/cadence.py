"""Frames of market data into how often and how late each stream speaks. A function of what arrived and when."""

import json
from itertools import pairwise
from statistics import median_low

from mm.doctor.facts import Feed, Stream
from mm.doctor.look import shown

KINDS = ("bbo", "l2Book fast", "l2Book", "trades", "activeAssetCtx")
ERRORS_MAX = 8
"""Complaints of the venue that are kept; an address that shouts is not quoted in full."""

GREETING = "Websocket"
"""How the plain text begins that a connection may open with (protocol 1.2)."""

Key = tuple[str, str]
"""(kind, coin)."""


class Cadence:
    """Counts the frames of each stream. The first frame of a stream is the answer to the subscription, not news."""

    def __init__(self, coins: tuple[str, ...]) -> None:
        self._coins = coins
        self._acknowledged: set[Key] = set()
        self._arrived: dict[Key, list[int]] = {}
        self._lags: dict[Key, list[int]] = {}
        self._errors: list[str] = []
        self.user_state: object = None
        """`userState` of the newest `webData3` frame; None until one came."""

    def frame(self, text: str, now_ms: int) -> None:
        """Takes one frame, whatever it is; what cannot be read counts as a complaint."""
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            if not text.startswith(GREETING):
                self.complain("a frame that is no JSON")
            return
        channel = frame.get("channel") if isinstance(frame, dict) else None
        data = frame.get("data") if isinstance(frame, dict) else None
        match channel:
            case "subscriptionResponse":
                self._acknowledge(data)
            case "error":
                self.complain(str(data))
            case "webData3":
                self.user_state = data.get("userState") if isinstance(data, dict) else None
            case "bbo" | "l2Book" | "trades" | "activeAssetCtx" | "activeSpotAssetCtx":
                self._market(channel, data, now_ms)
            case _:
                pass  # pong, and whatever the venue adds

    def complain(self, what: str) -> None:
        """Keeps a complaint: the venue's, or that a connection was closed."""
        if len(self._errors) < ERRORS_MAX:
            self._errors.append(shown(what))

    def _acknowledge(self, data: object) -> None:
        told = data.get("subscription") if isinstance(data, dict) else None
        if isinstance(told, dict) and isinstance(told.get("coin"), str):
            kind = "l2Book fast" if told.get("fast") is True else str(told.get("type"))
            self._acknowledged.add((kind, told["coin"]))

    def _market(self, channel: str, data: object, now_ms: int) -> None:
        newest = data[-1] if channel == "trades" and isinstance(data, list) and data else data
        if not isinstance(newest, dict) or not isinstance(newest.get("coin"), str):
            if newest != []:
                self.complain(f"a {channel} frame of another shape")
            return
        kind = channel.replace("Spot", "")
        kind = "l2Book fast" if kind == "l2Book" and newest.get("fast") is True else kind
        key = (kind, newest["coin"])
        arrived = self._arrived.setdefault(key, [])
        arrived.append(now_ms)
        time = newest.get("time")
        if len(arrived) > 1 and isinstance(time, int) and not isinstance(time, bool):
            self._lags.setdefault(key, []).append(now_ms - time)

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
