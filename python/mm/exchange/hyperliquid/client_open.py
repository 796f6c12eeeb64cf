"""What a client is made of when it begins: one order to place, an engine without a record, the link over the network."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from mm._core import Engine, Order, Side, Tif
from mm._core.sign import Nonces, Signer
from mm._core.wire import Asset
from mm.errors import BadInput, ConfigError, UsageError
from mm.exchange.base import AsyncExchange
from mm.exchange.hyperliquid.client_parts import Hidden, Number
from mm.exchange.hyperliquid.limits import Limits
from mm.exchange.hyperliquid.link_settings import Settings, is_mainnet
from mm.session import Edit, Recorded, Unrecorded, Wish, dex_of

ASK_AFTER_MS = 1_500
"""When the engine asks for the trades behind an amount that an answer told (reliability N7: within 2 s)."""
FILL_WINDOW_MS = 3_000
"""How long late fills of a canceled order are waited for, beside the proof that all fills until then were read."""
SOURCES = ("env:", "keyring:", "keystore:")
"""What names a place that a key is in (`mm.secrets`)."""
SEQUENCE_BITS = 20
"""A million cloids a millisecond are not made: the next process begins above them all."""


@dataclass(frozen=True, slots=True)
class NewOrder:
    """One order of `place_many`."""

    coin: str
    side: Side | str
    px: Number
    sz: Number
    tif: Tif = Tif.ALO
    reduce_only: bool = False
    cloid: str | None = None


def names_of(coins: Iterable[str]) -> tuple[str, ...]:
    """The coins, each once. Raises `ConfigError`: one text would be as many coins as it has letters."""
    if isinstance(coins, str):
        raise ConfigError(f"coins are a list of names, not one text: [{coins!r}]", field="coins", reason="not a list")
    return tuple(dict.fromkeys(coins))


def settings_of(account: str, url: str, coins: tuple[str, ...], link: Mapping[str, Any]) -> Settings:
    """The settings of the link. Raises `ConfigError`, naming the field."""
    names = {field.name for field in fields(Settings)}
    for name in link:
        if name not in names:
            known = ", ".join(sorted(names))
            raise ConfigError(f"the link has no setting {name!r}; it has {known}", field=str(name), reason="unknown")
    dexs = tuple(dict.fromkeys(filter(None, map(dex_of, coins))))
    told = {"account": account, "url": url, "coins": coins, "mainnet": is_mainnet(url), "dexs": dexs}
    return Settings(**{**told, **link})


def wish_of(order: NewOrder, market_of: Callable[[str], Asset]) -> Wish:
    """What the session is asked for. Raises `BadInput` or `Unrepresentable`, naming the field."""
    if not isinstance(order, NewOrder):
        raise BadInput(f"an order to place is a NewOrder, not {order!r}", field="orders", reason="no NewOrder")
    market = market_of(order.coin)
    side = next((side for side in (Side.BUY, Side.SELL) if order.side in (side, side.letter)), None)
    if side is None:
        raise BadInput(f"side is 'B' or 'A', not {order.side!r}", field="side", reason="unknown")
    if type(order.reduce_only) is not bool:
        raise BadInput(f"reduce_only is a bool, not {order.reduce_only!r}", field="reduce_only", reason="not a bool")
    px, sz = Decimal(market.px_to_wire(order.px)), Decimal(market.sz_to_wire(order.sz))
    return Wish(order.coin, side, px, sz, order.tif, order.reduce_only, order.cloid)


def edit_of(order: Order, market: Asset, px: Number | None, order_qty: Number | None) -> Edit:
    """What the session is asked for. Raises as `wish_of`, and `UsageError` for an order that is not ours (I21)."""
    if order.foreign or order.cloid is None:
        raise UsageError("this order is not ours, and is not moved", cloid=order.cloid or "", reason="foreign")
    return Edit(
        order.cloid,
        order.px if px is None else Decimal(market.px_to_wire(px)),
        order.order_qty if order_qty is None else Decimal(market.sz_to_wire(order_qty)),
    )


def unrecorded(account: str, engine: Engine | None, now_ms: int) -> Recorded:
    """An engine without a record: after its end the venue is asked for all.

    Its cloids begin at the time, so that none of an earlier process is used again (order-state 2), nor of another client
    of this one that began in the same millisecond (`began_ms`).
    """
    if engine is None:
        first = now_ms << SEQUENCE_BITS
        engine = Engine(account, first_sequence=first, ask_after_ms=ASK_AFTER_MS, fill_window_ms=FILL_WINDOW_MS)
    fresh = engine
    return Recorded(lambda: fresh, Unrecorded())


def began_ms(now_ms: int) -> int:
    """The time, or a little later: no two clients of this process begin at the same one."""
    global _begun_ms
    with _SHARING:
        _begun_ms = max(now_ms, _begun_ms + 1)
        return _begun_ms


class SharedNonces:
    """The nonces of one signer at one venue, for all of its clients in this process (I14, protocol 2.5)."""

    def __init__(self) -> None:
        self.nonces = Nonces()


_SHARED: WeakValueDictionary[tuple[str, str], SharedNonces] = WeakValueDictionary()
_SHARING = Lock()
_begun_ms = 0
"""The latest time that cloids of this process began at."""


def shared_nonces(signer: str, url: str) -> SharedNonces:
    """Those of this signer's address at this venue. They are kept as long as somebody keeps them."""
    with _SHARING:
        shared = _SHARED.get((signer.lower(), url))
        if shared is None:
            shared = _SHARED[signer.lower(), url] = SharedNonces()
        return shared


def network(
    settings: Settings,
    hidden: Hidden,
    signer: Signer | None,
    vault: str | None,
) -> tuple[AsyncExchange, SharedNonces]:
    """The link over the network, and its signer's nonces. Its libraries are loaded here, when one is wanted.

    The limits of this machine's address are one for all clients of the process (protocol 9.1); on the machine itself,
    without TLS, nobody counts by address.
    """
    if signer is None:
        if hidden.key is None:
            raise ConfigError("a key or a signer is needed, to sign for the account", field="key", reason="missing")
        if isinstance(hidden.key, str) and hidden.key.startswith(SOURCES):
            raise ConfigError("key is where a key is, not a key: give signer=mm.secrets.load(…)", field="key")
        signer = Signer(hidden.key, mainnet=settings.mainnet, vault=vault)
    elif hidden.key is not None:
        raise ConfigError("a key and a signer are one too many", field="key", reason="twice")
    elif not isinstance(signer, Signer):
        raise ConfigError("a signer is what mm.secrets.load gives", field="signer", reason="no signer")
    from mm.exchange.hyperliquid.link import Link

    limits = Limits.shared(settings.url) if settings.secure else None
    return Link(settings, signer, limits=limits), shared_nonces(signer.address, settings.url)
