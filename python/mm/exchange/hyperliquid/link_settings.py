"""How a link is set up: where, for whom, which feeds, and every time and bound with a name."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

from mm.errors import ConfigError

__all__ = ["FEEDS", "MAINNET", "TESTNET", "Settings", "is_mainnet"]

MAINNET = "https://api.hyperliquid.xyz"
TESTNET = "https://api.hyperliquid-testnet.xyz"
FEEDS = ("bbo", "l2Book", "trades", "activeAssetCtx")
"""What is subscribed to for each coin (protocol 7.5); `l2Book` is the `fast` one."""
_STALE_MS: Mapping[str, int] = MappingProxyType({"l2Book": 3_000, "activeAssetCtx": 15_000})
_TIMES = (
    "connect_timeout_ms ack_timeout_ms ping_every_ms pong_patience_ms silence_ms backoff_first_ms backoff_most_ms "
    "steady_ms post_timeout_ms doubt_ms query_timeout_ms open_timeout_ms watch_every_ms clock_every_ms budget_every_ms markets_every_ms blocks_still_ms"
)
_BOUNDS = "facts_most frame_most held_most requests_most"
KEY_LIKE = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a link. Raises `ConfigError`, naming the field, before anything is opened.

    `account` is the master's or sub-account's address that is traded for, never the agent's (protocol 0.18). Plain
    `http` is taken for loopback addresses only: everywhere else certificates are verified, and nothing turns that off.
    """

    url: str
    account: str
    mainnet: bool = True
    coins: tuple[str, ...] = ()
    feeds: tuple[str, ...] = FEEDS
    dexs: tuple[str, ...] = ()
    """The builders' dexes (HIP-3) that are traded on, beside the main one."""
    allow_master_key: bool = False
    """Take a key that could withdraw. An agent's cannot, and is enough (reliability O1)."""

    connect_timeout_ms: int = 10_000
    ack_timeout_ms: int = 10_000
    """Within this time the venue must have acknowledged what was subscribed to."""
    ping_every_ms: int = 15_000
    pong_patience_ms: int = 10_000
    """Nothing at all for so long after a ping, and the connection is dead (protocol 1.2)."""
    silence_ms: int = 5_000
    """Nothing at all for so long while a feed that never rests is subscribed to: down (reliability N8)."""
    blocks_still_ms: int = 10_000
    """The venue's own time stands still for so long while feeds go on: no block is made (reliability X20)."""
    stale_ms: Mapping[str, int] = field(default_factory=lambda: _STALE_MS)
    """Streams that never rest, and how long one may be silent for one coin. The others speak only on a change."""
    backoff_first_ms: int = 250
    backoff_most_ms: int = 30_000
    steady_ms: int = 5_000
    """A connection that was up for so long was a recovery: the next failure begins to count anew."""

    post_timeout_ms: int = 15_000
    """How long the answer to an action is waited for. After it nothing is told: the action may still execute."""
    doubt_ms: int = 1_500
    """An answer that takes longer than this casts doubt on the WebSocket: cancels go by REST until it is answered or ended."""
    query_timeout_ms: int = 10_000
    open_timeout_ms: int = 30_000
    watch_every_ms: int = 250
    clock_every_ms: int = 60_000
    budget_every_ms: int = 60_000
    markets_every_ms: int = 600_000
    """After a reconnect the markets are read again, but not more often than this: it weighs 40."""

    facts_most: int = 65_536
    """Facts that wait for their reader. One more is an overflow: told as a gap, never silent (reliability N12)."""
    frame_most: int = 4 * 1024 * 1024
    """Bytes of a frame, whole or in fragments, and of an answer (reliability S5)."""
    held_most: int = 4_096
    """Actions without an answer whose bytes are kept, to be sent again exactly as they were."""
    requests_most: int = 64
    """REST requests at once; cancels and noops are beyond counting."""

    def __post_init__(self) -> None:
        """Checks every field."""
        object.__setattr__(self, "url", _url(self.url))
        object.__setattr__(self, "account", _address(self.account))
        object.__setattr__(self, "stale_ms", MappingProxyType(dict(self.stale_ms)))
        for name in ("coins", "feeds", "dexs"):
            value = getattr(self, name)
            if not isinstance(value, tuple) or not all(isinstance(one, str) and one for one in value):
                raise ConfigError(f"{name} is a tuple of names, not {value!r}", field=name, reason="not names")
            if len(set(value)) != len(value):
                raise ConfigError(f"{name} names something twice: {value!r}", field=name, reason="twice")
        if unknown := set(self.feeds) - set(FEEDS):
            raise ConfigError(f"there is no feed {sorted(unknown)[0]!r}", field="feeds", reason="unknown")
        for name in (*_TIMES.split(), *_BOUNDS.split()):
            _positive(name, getattr(self, name))
        for stream, age in self.stale_ms.items():
            if stream not in FEEDS:
                raise ConfigError(f"there is no feed {stream!r}", field="stale_ms", reason="unknown")
            _positive("stale_ms", age)

    @property
    def socket_url(self) -> str:
        """Where the streams are (protocol 1.1)."""
        return "ws" + self.url.removeprefix("http") + "/ws"

    @property
    def secure(self) -> bool:
        """Whether it goes over TLS: always, but on this machine."""
        return self.url.startswith("https:")


def is_mainnet(url: object) -> bool:
    """Whether this is the main network's, however it is written: its signatures are others."""
    return str(url).rstrip("/").lower() == MAINNET


def _positive(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 2**40:
        raise ConfigError(f"{name} is a positive whole number, not {value!r}", field=name, reason="not positive")


def _address(text: object) -> str:
    digits = text[2:] if isinstance(text, str) and text[:2] in ("0x", "0X") else ""
    if len(digits) != 40 or not digits.isascii() or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
        # What was given is not repeated: it could be a key.
        raise ConfigError("account is no address: 0x and 40 hexadecimal digits", field="account", reason="no address")
    return "0x" + digits.lower()


def _url(text: object) -> str:
    def refuse(reason: str) -> ConfigError:
        shown = "" if KEY_LIKE.search(str(text)) else f" {text!r}"
        return ConfigError(f"url{shown}: {reason}", field="url", reason=reason)

    if not isinstance(text, str):
        raise refuse("not a text")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise refuse(str(error)) from None
    if parts.scheme not in ("http", "https") or not host:
        raise refuse("neither https://… nor http://… of this machine")
    if parts.username is not None or parts.query or parts.fragment or port == 0:
        raise refuse("only a host, a port and a path belong there")
    if parts.scheme == "http" and not _loopback(host):
        raise refuse("not encrypted, which is for loopback addresses only")
    return parts._replace(netloc=parts.netloc.lower()).geturl().rstrip("/")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
