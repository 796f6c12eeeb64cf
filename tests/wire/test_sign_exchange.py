"""Whole bodies beside those of the official SDK's `Exchange`: what it would have posted, method by method."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mm._core.sign import OrderWire, Signer, recover

exchange = pytest.importorskip(
    "hyperliquid.exchange", reason="the official SDK is not installed (hyperliquid-python-sdk)"
)

Cloid = exchange.Cloid
KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"
NONCE = 1_767_225_600_123
OTHER = "0x1d9470d4b963f552e6f671a81619d395877bf409"
CLOID = "0x1234567890abcdef1234567890abcdef"
COINS = ("BTC", "ETH", "SOL")
LIMIT: dict[str, Any] = {"limit": {"tif": "Alo"}}
STOP: dict[str, Any] = {"trigger": {"triggerPx": 80000.5, "isMarket": True, "tpsl": "sl"}}


@pytest.fixture(params=[(m, v, e) for m in (True, False) for v in (None, "0x" + "ab" * 20) for e in (None, NONCE + 5)])
def both(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Any, Signer, dict[str, Any]]]:
    """The SDK's client, which posts to nobody, and a signer; one key, one network, one vault, one time."""
    mainnet, vault, expires = request.param
    url = "https://api.hyperliquid.xyz" if mainnet else "https://api.hyperliquid-testnet.xyz"
    meta = {"universe": [{"name": name, "szDecimals": 5} for name in COINS]}
    wallet = exchange.eth_account.Account.from_key(KEY)
    client = exchange.Exchange(wallet, url, meta=meta, vault_address=vault, spot_meta={"universe": [], "tokens": []})
    client.set_expires_after(expires)
    monkeypatch.setattr(client, "post", lambda path, body: (path, body))
    monkeypatch.setattr(exchange, "get_timestamp_ms", lambda: NONCE)
    yield client, Signer(KEY, mainnet=mainnet, vault=vault), {"nonce": NONCE, "expires_ms": expires}
    client.session.close()


def request(
    coin: str, buy: bool, px: float, sz: float, kind: dict[str, Any], cloid: str | None = None
) -> dict[str, Any]:
    told = {"coin": coin, "is_buy": buy, "sz": sz, "limit_px": px, "order_type": kind, "reduce_only": False}
    return told | ({"cloid": Cloid.from_str(cloid)} if cloid else {})


ORDERS = [request("BTC", True, 83757.0, 0.00537, LIMIT, CLOID), request("SOL", False, 141.23, 12.5, STOP)]
WIRES = [
    OrderWire(0, True, "83757", "0.00537", "Alo", CLOID),
    OrderWire(2, False, "141.23", "12.5", trigger_px="80000.5", tpsl="sl"),
]
Sent = dict[str, Any]
Pair = tuple[Callable[[Any], Any], Callable[[Signer, Sent], bytes]]

TRADING: dict[str, Pair] = {
    "orders": (lambda c: c.bulk_orders(ORDERS), lambda s, sent: s.orders(WIRES, **sent)),
    "tpsl": (
        lambda c: c.bulk_orders(ORDERS, grouping="normalTpsl"),
        lambda s, sent: s.orders(WIRES, grouping="normalTpsl", **sent),
    ),
    "builder": (
        lambda c: c.bulk_orders(ORDERS, {"b": OTHER.upper().replace("0X", "0x"), "f": 10}),
        lambda s, sent: s.orders(WIRES, builder=(OTHER, 10), **sent),
    ),
    "modifies": (
        lambda c: c.bulk_modify_orders_new(
            [{"oid": 7, "order": ORDERS[0]}, {"oid": Cloid.from_str(CLOID), "order": ORDERS[1]}]
        ),
        lambda s, sent: s.modifies([(7, WIRES[0]), (CLOID, WIRES[1])], **sent),
    ),
    "cancels": (
        lambda c: c.bulk_cancel([{"coin": "ETH", "oid": 556_657_630_865}, {"coin": "BTC", "oid": 1}]),
        lambda s, sent: s.cancels([(1, 556_657_630_865), (0, 1)], **sent),
    ),
    "cancels_by_cloid": (
        lambda c: c.bulk_cancel_by_cloid([{"coin": "ETH", "cloid": Cloid.from_str(CLOID)}]),
        lambda s, sent: s.cancels_by_cloid([(1, CLOID)], **sent),
    ),
    "schedule": (lambda c: c.schedule_cancel(NONCE + 9_000), lambda s, sent: s.schedule_cancel(NONCE + 9_000, **sent)),
    "unschedule": (lambda c: c.schedule_cancel(None), lambda s, sent: s.schedule_cancel(None, **sent)),
    "leverage": (
        lambda c: c.update_leverage(20, "SOL", False),
        lambda s, sent: s.update_leverage(2, 20, is_cross=False, **sent),
    ),
    "margin": (
        lambda c: c.update_isolated_margin(-1.5, "ETH"),
        lambda s, sent: s.update_isolated_margin(1, "-1.5", **sent),
    ),
    "noop": (lambda c: c.noop(NONCE), lambda s, sent: s.noop(**sent)),
}
OWN: dict[str, Pair] = {
    "referrer": (lambda c: c.set_referrer("ABC"), lambda s, sent: s.set_referrer("ABC", **sent)),
    "sub_account": (lambda c: c.create_sub_account("mine"), lambda s, sent: s.create_sub_account("mine", **sent)),
    "sub_transfer": (
        lambda c: c.sub_account_transfer(OTHER, True, 2_500_000),
        lambda s, sent: s.sub_account_transfer(OTHER, "2.5", is_deposit=True, **sent),
    ),
    "vault_transfer": (
        lambda c: c.vault_usd_transfer(OTHER, False, 2_500_000),
        lambda s, sent: s.vault_transfer(OTHER, "2.5", is_deposit=False, **sent),
    ),
}
# The SDK writes an amount with `str`, so that 2.5 stays as it is and 2.0 would not.
BY_USERS: dict[str, Pair] = {
    "usd_send": (lambda c: c.usd_transfer(2.5, OTHER), lambda s, sent: s.usd_send(OTHER, "2.5", nonce=sent["nonce"])),
    "spot_send": (
        lambda c: c.spot_transfer(2.5, OTHER, "PURR:0xc4"),
        lambda s, sent: s.spot_send(OTHER, "PURR:0xc4", "2.5", nonce=sent["nonce"]),
    ),
    "withdraw": (
        lambda c: c.withdraw_from_bridge(2.5, OTHER),
        lambda s, sent: s.withdraw(OTHER, "2.5", nonce=sent["nonce"]),
    ),
    "class_transfer": (
        lambda c: c.usd_class_transfer(2.5, True),
        lambda s, sent: s.usd_class_transfer("2.5", to_perp=True, nonce=sent["nonce"]),
    ),
    "builder_fee": (
        lambda c: c.approve_builder_fee(OTHER, "0.05%"),
        lambda s, sent: s.approve_builder_fee(OTHER, "0.05%", nonce=sent["nonce"]),
    ),
}


def padded(body: dict[str, Any]) -> dict[str, Any]:
    """The SDK drops leading zeros of a signature."""
    told = body["signature"]
    return body | {"signature": told | {part: f"0x{int(told[part], 16):064x}" for part in ("r", "s")}}


@pytest.mark.parametrize("pair", TRADING.values(), ids=TRADING)
def test_trading(both: tuple[Any, Signer, Sent], pair: Pair) -> None:
    client, signer, sent = both
    path, told = pair[0](client)
    body = pair[1](signer, sent)
    assert path == "/exchange"
    assert json.loads(body) == padded(told)
    assert recover(body, signer.mainnet) == recover(json.dumps(told).encode(), signer.mainnet) == signer.address


@pytest.mark.parametrize("pair", OWN.values(), ids=OWN)
def test_the_signers_own_business(both: tuple[Any, Signer, Sent], pair: Pair) -> None:
    client, signer, sent = both
    _, told = pair[0](client)
    # The SDK hashes these without its vault and posts them with it: the two must be equal (protocol 2.3).
    assert json.loads(pair[1](signer, sent)) == padded(told) | {"vaultAddress": None}


@pytest.mark.parametrize("pair", BY_USERS.values(), ids=BY_USERS)
def test_what_users_sign(both: tuple[Any, Signer, Sent], pair: Pair) -> None:
    client, signer, sent = both
    if signer.vault:  # only an account itself may do these
        client.vault_address = None
        signer = Signer(KEY, mainnet=signer.mainnet)
    _, told = pair[0](client)
    body = pair[1](signer, sent)
    # What only the hash of an L1 action has is posted by the SDK here too, and says nothing.
    assert json.loads(body) == padded(told) | {"expiresAfter": None}
    assert recover(body, signer.mainnet) == recover(json.dumps(told).encode(), signer.mainnet) == signer.address
