"""Commands into the bytes that are sent, once: whoever repeats a command repeats its bytes (reliability N1).

Each action becomes the whole body of `POST /exchange`, which is the `payload` of a WebSocket `post` as well. Each
query becomes the body of `POST /info`. Nothing is sent here.
"""

import json
from dataclasses import dataclass

from mm._core.sign import OrderWire, Signer
from mm._core.wire import Asset, Assets
from mm.errors import BadInput
from mm.exchange.hyperliquid.limits import Need
from mm.protocol import (
    Action,
    AskFills,
    AskInfo,
    AskOpenOrders,
    AskOrder,
    AskPosition,
    AskRateLimit,
    Cancel,
    Modify,
    NewOrder,
    Noop,
    Place,
    Query,
    ScheduleCancel,
    UpdateLeverage,
)

__all__ = ["Question", "Signed", "ask", "coins", "post_message", "sign"]


@dataclass(slots=True)  # Not frozen: that costs more than all else of it, and it is made for each order.
class Signed:
    """An action, ready to be sent any number of times."""

    nonce: int
    """What the session knows it by."""
    body: bytes
    items: int
    need: Need
    expires_ms: int | None
    """When what is kept of it may make room."""
    to_noop: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A query, ready to be sent."""

    type: str
    body: bytes
    need: Need


def sign(command: Action, signer: Signer, assets: Assets) -> Signed:
    """Signs an action. Raises `BadInput` or `Unrepresentable`, naming the field, and has signed nothing then."""
    if type(command) is Place:  # Before all others: the way from a market to an order is short.
        orders, nonce, expires = command.orders, command.nonce, command.expires_ms
        _some(orders, "orders")
        wires = [_order(one, assets) for one in orders]
        body = signer.orders(wires, nonce=nonce, expires_ms=expires)
        return Signed(nonce, body, len(wires), _need(orders), expires)
    match command:
        case Modify(nonce=nonce, expires_ms=expires, changes=changes):
            _some(changes, "changes")
            pairs: list[tuple[int | str, OrderWire]] = [(one.oid, _order(one.order, assets)) for one in changes]
            body = signer.modifies(pairs, nonce=nonce, expires_ms=expires)
            return Signed(nonce, body, len(changes), _need([one.order for one in changes]), expires)
        case Cancel(nonce=nonce, expires_ms=expires):
            if type(expires) is not int:
                raise BadInput(f"a time is a whole number, not {expires!r}", field="expires_ms", reason="not whole")
            return Signed(nonce, _cancel(command, signer, assets), len(command.targets), Need.PROTECT, expires)
        case Noop(nonce=nonce):
            return Signed(nonce, signer.noop(nonce=nonce), 1, Need.PROTECT, None, to_noop=True)
        case ScheduleCancel(nonce=nonce, expires_ms=expires, time_ms=time_ms):
            body = signer.schedule_cancel(time_ms, nonce=nonce, expires_ms=expires)
            return Signed(nonce, body, 1, Need.PROTECT, expires)
        case UpdateLeverage(nonce=nonce, expires_ms=expires, coin=coin, leverage=leverage, is_cross=cross):
            asset = _asset(coin, assets).id
            body = signer.update_leverage(asset, leverage, is_cross=cross, nonce=nonce, expires_ms=expires)
            return Signed(nonce, body, 1, Need.ORDINARY, expires)
    raise BadInput(f"{command!r} is no action that can be signed", field="command", reason="not an action")


def coins(command: Action) -> set[str]:
    """The markets on which a command would place something."""
    match command:
        case Place(orders=orders):
            return {one.coin for one in orders}
        case Modify(changes=changes):
            return {one.order.coin for one in changes}
    return set()


def _some(items: tuple[object, ...], field: str) -> None:
    if not items:
        raise BadInput(f"{field} is empty", field=field, reason="empty")


def _need(orders: tuple[NewOrder, ...] | list[NewOrder]) -> Need:
    """Orders that can only reduce are let through like cancels (order-state I20)."""
    for one in orders:
        if not one.reduce_only:
            return Need.ORDINARY
    return Need.PROTECT


def _asset(coin: str, assets: Assets) -> Asset:
    asset = assets.get(coin)
    if asset is None:
        raise _unknown(coin)
    return asset


def _unknown(coin: str) -> BadInput:
    return BadInput(f"the venue has no market {coin!r}", field="coin", reason="unknown")


def _order(order: NewOrder, assets: Assets) -> OrderWire:
    buys = order.side == "B"
    if not buys and order.side != "A":
        raise BadInput(f"a side is 'B' or 'A', not {order.side!r}", field="side", reason="unknown")
    asset = assets.get(order.coin)
    if asset is None:
        raise _unknown(order.coin)
    return OrderWire(
        asset.id,
        buys,
        asset.px_to_wire(order.px),
        asset.sz_to_wire(order.sz),
        order.tif,  # type: ignore[arg-type]  # Another word is refused there, by name.
        order.cloid,
        order.reduce_only,
    )


def _cancel(command: Cancel, signer: Signer, assets: Assets) -> bytes:
    _some(command.targets, "targets")
    # Without `expiresAfter`: one that comes late does no harm, one that is refused by a clock does (I20; ADR 0011 has it whole).
    nonce = command.nonce
    by_oid = [(_asset(one.coin, assets).id, one.oid) for one in command.targets if one.oid is not None]
    if len(by_oid) == len(command.targets):
        return signer.cancels(by_oid, nonce=nonce)
    by_cloid = [(_asset(one.coin, assets).id, one.cloid) for one in command.targets if one.cloid is not None]
    if by_oid or len(by_cloid) != len(command.targets):
        raise BadInput("targets are named by oid, all of them, or all by cloid", field="targets", reason="mixed")
    return signer.cancels_by_cloid(by_cloid, nonce=nonce)


def post_message(post_id: int, body: bytes) -> bytes:
    """The WebSocket message that carries a signed body (protocol 1.5)."""
    return b'{"method":"post","id":%d,"request":{"type":"action","payload":%b}}' % (post_id, body)


def ask(query: Query, account: str, assets: Assets) -> Question:
    """The body of a query. Raises `BadInput` for what is none."""
    match query:
        case AskOrder(key=key):
            return _question(Need.STATUS, type="orderStatus", user=account, oid=key)
        case AskOpenOrders(dex=dex):
            return _question(Need.STATUS, type="openOrders", user=account, **({"dex": dex} if dex else {}))
        case AskFills(start_ms=start, end_ms=end):
            return _question(Need.STATUS, type="userFillsByTime", user=account, startTime=start, endTime=end)
        case AskPosition(coin=coin):
            dex, colon, _ = coin.partition(":")
            if colon:  # Of a builder's dex that is not traded on here, too: an order may be left there from before.
                return _question(Need.STATUS, type="clearinghouseState", user=account, dex=dex)
            kind = "spotClearinghouseState" if _asset(coin, assets).kind == "spot" else "clearinghouseState"
            return _question(Need.STATUS, type=kind, user=account)
        case AskRateLimit():
            return _question(Need.ORDINARY, type="userRateLimit", user=account)
        case AskInfo(body=body):
            return Question(_type_of(body), body, Need.ORDINARY)
    raise BadInput(f"{query!r} is no query", field="query", reason="not a query")


def _question(need: Need, **members: object) -> Question:
    return Question(str(members["type"]), json.dumps(members, separators=(",", ":")).encode(), need)


def _type_of(body: bytes) -> str:
    try:
        request = json.loads(body)
    except ValueError:
        request = None
    if not isinstance(request, dict) or not isinstance(request.get("type"), str):
        raise BadInput("an info request is a JSON object with a type", field="body", reason="no request")
    kind: str = request["type"]
    return kind
