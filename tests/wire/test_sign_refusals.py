"""What signing refuses: always a class of mm's, naming the field, and nothing is signed."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from mm._core import sign
from mm._core.sign import Nonces, OrderWire, Signer
from mm.errors import BadInput, Unrepresentable, UsageError

KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"
CLOID = "0x1234567890abcdef1234567890abcdef"
ADDRESS = "0x1d9470d4b963f552e6f671a81619d395877bf409"
SIGNER = Signer(KEY, mainnet=True)
ORDER = OrderWire(0, True, "83757", "0.00537", "Alo", CLOID)
SURROGATE = "\ud800"


def order(**fields: Any) -> OrderWire:
    told: dict[str, Any] = {"asset": 0, "is_buy": True, "px": "1", "sz": "1", "tif": "Alo"}
    return OrderWire(**{**told, **fields})


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("asset", [-1, 2**32, True, "0", 0.0, None]),
        ("is_buy", [1, "B", None]),
        ("px", ["0", "-1", "", "NaN", "inf", "1e5", "1.", " 1", "1_0", "0x1", SURROGATE, 0, -1, True, None, b"1"]),
        ("px", [Decimal("NaN"), Decimal("Infinity"), Decimal("-1"), Decimal(0), [], {}]),
        ("sz", ["0", "-0", "-1", "", "NaN", "1,5", SURROGATE, 0, True, None, Decimal("-Infinity")]),
        ("tif", ["alo", "", "FOK", 1, None, SURROGATE]),
        ("cloid", ["", "0x", CLOID[:-1], CLOID + "0", CLOID[2:], "0x" + "g" * 32, 1, b"", SURROGATE]),
    ],
)
def test_bad_fields_of_an_order(field: str, values: list[Any]) -> None:
    for value in values:
        if (field, value) == ("px", "1."):
            continue  # is read as 1, as everywhere
        with pytest.raises(BadInput) as told:
            order(**{field: value})
        assert told.value.field == field, value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("px", 1.5),
        ("px", float("nan")),
        ("px", "0.000000001"),
        ("px", "92233720368.54775808"),
        ("px", 10**40),
        ("sz", 0.1),
        ("sz", "0.000000001"),
        ("sz", Decimal("1E-9")),
        ("sz", "1000000000000001"),
        ("sz", "9" * 70),
    ],
)
def test_numbers_that_cannot_be_said(field: str, value: Any) -> None:
    with pytest.raises(Unrepresentable) as told:
        order(**{field: value})
    assert told.value.field == field


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"tif": None, "trigger_px": "1"}, "tpsl"),
        ({"tif": None, "tpsl": "tp"}, "trigger_px"),
        ({"trigger_px": "1", "tpsl": "tp"}, "tif"),
        ({"tif": None, "trigger_px": "0", "tpsl": "tp"}, "trigger_px"),
        ({"tif": None, "trigger_px": "1", "tpsl": "stop"}, "tpsl"),
        ({"tif": None, "trigger_px": "1", "tpsl": 1}, "tpsl"),
    ],
)
def test_a_trigger_is_whole_or_absent(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as told:
        order(**fields)
    assert told.value.field == field


CALLS: list[tuple[str, Callable[[], Any]]] = [
    ("orders", lambda: SIGNER.orders([], nonce=1)),
    ("orders", lambda: SIGNER.orders([ORDER] * 201, nonce=1)),
    ("orders", lambda: SIGNER.orders(iter([ORDER]), nonce=1)),  # type: ignore[arg-type]
    ("order", lambda: SIGNER.orders([ORDER, {}], nonce=1)),  # type: ignore[list-item]
    ("nonce", lambda: SIGNER.orders([ORDER], nonce=-1)),
    ("nonce", lambda: SIGNER.orders([ORDER], nonce=2**64)),
    ("nonce", lambda: SIGNER.noop(nonce=True)),
    ("nonce", lambda: SIGNER.noop(nonce=1.0)),  # type: ignore[arg-type]
    ("expires_ms", lambda: SIGNER.noop(nonce=1, expires_ms=-1)),
    ("grouping", lambda: SIGNER.orders([ORDER], nonce=1, grouping="all")),  # type: ignore[arg-type]
    ("priority", lambda: SIGNER.orders([ORDER], nonce=1, priority=100_000_001)),
    ("priority", lambda: SIGNER.orders([ORDER], nonce=1, priority=-1)),
    ("priority", lambda: SIGNER.orders([ORDER], nonce=1, priority=1, grouping="normalTpsl")),
    ("priority", lambda: SIGNER.orders([order(tif="Gtc")], nonce=1, priority=1)),
    ("builder", lambda: SIGNER.orders([ORDER], nonce=1, builder=(ADDRESS, 1001))),
    ("builder", lambda: SIGNER.orders([ORDER], nonce=1, builder=(ADDRESS, 101))),
    ("builder", lambda: SIGNER.orders([order(asset=10_107), order(asset=110_000)], nonce=1, builder=(ADDRESS, 101))),
    ("builder", lambda: SIGNER.orders([order(asset=10_107)], nonce=1, builder=(ADDRESS, 1001))),
    ("builder", lambda: SIGNER.orders([ORDER], nonce=1, builder=("0x", 1))),
    ("builder", lambda: SIGNER.orders([ORDER], nonce=1, builder=(ADDRESS, -1))),
    ("builder", lambda: SIGNER.orders([ORDER], nonce=1, builder=ADDRESS)),  # type: ignore[arg-type]
    ("targets", lambda: SIGNER.cancels([], nonce=1)),
    ("targets", lambda: SIGNER.cancels([(0, 1)] * 201, nonce=1)),
    ("targets", lambda: SIGNER.cancels([(0, 1, 2)], nonce=1)),  # type: ignore[list-item]
    ("targets", lambda: SIGNER.cancels({0: 1}, nonce=1)),  # type: ignore[arg-type]
    ("oid", lambda: SIGNER.cancels([(0, -1)], nonce=1)),
    ("oid", lambda: SIGNER.cancels([(0, CLOID)], nonce=1)),  # type: ignore[list-item]
    ("asset", lambda: SIGNER.cancels([(2**32, 1)], nonce=1)),
    ("cloid", lambda: SIGNER.cancels_by_cloid([(0, "0x12")], nonce=1)),
    ("changes", lambda: SIGNER.modifies([], nonce=1)),
    ("order", lambda: SIGNER.modifies([(1, "x")], nonce=1)),  # type: ignore[list-item]
    ("cloid", lambda: SIGNER.modify("0x12", ORDER, nonce=1)),
    ("always_place", lambda: SIGNER.modify(1, ORDER, nonce=1, always_place=True)),
    ("always_place", lambda: SIGNER.modifies([(1, ORDER)], nonce=1, always_place=True)),
    ("always_place", lambda: SIGNER.action('{"type":"batchModify","modifies":[],"a":true}', nonce=1)),
    ("always_place", lambda: SIGNER.action(b'{"a": 1, "type":"modify"}', nonce=1)),
    ("time_ms", lambda: SIGNER.schedule_cancel(-1, nonce=1)),
    ("leverage", lambda: SIGNER.update_leverage(0, 0, is_cross=True, nonce=1)),
    ("is_cross", lambda: SIGNER.update_leverage(0, 1, is_cross=1, nonce=1)),  # type: ignore[arg-type]
    ("usd", lambda: SIGNER.update_isolated_margin(0, "0", nonce=1)),
    ("usd", lambda: SIGNER.update_isolated_margin(0, "0.0000001", nonce=1)),
    ("usd", lambda: SIGNER.update_isolated_margin(0, 1.5, nonce=1)),  # type: ignore[arg-type]
    ("usd", lambda: SIGNER.update_isolated_margin(0, 10**13, nonce=1)),
    ("usd", lambda: SIGNER.vault_transfer(ADDRESS, "-1", is_deposit=True, nonce=1)),
    ("vault", lambda: SIGNER.vault_transfer(ADDRESS[:-1], "1", is_deposit=True, nonce=1)),
    ("weight", lambda: SIGNER.reserve_request_weight(0, nonce=1)),
    ("code", lambda: SIGNER.set_referrer("", nonce=1)),
    ("code", lambda: SIGNER.set_referrer("x" * 129, nonce=1)),
    ("code", lambda: SIGNER.set_referrer(SURROGATE, nonce=1)),
    ("minutes", lambda: SIGNER.twap_order(0, True, "1", minutes=0, randomize=False, nonce=1)),
    ("name", lambda: SIGNER.approve_agent(ADDRESS, "x" * 17, nonce=1)),
    ("name", lambda: SIGNER.approve_agent(ADDRESS, "", nonce=1)),
    ("name", lambda: SIGNER.approve_agent(ADDRESS, "mm valid_until soon", nonce=1)),
    ("max_fee_rate", lambda: SIGNER.approve_builder_fee(ADDRESS, "0.1", nonce=1)),
    ("max_fee_rate", lambda: SIGNER.approve_builder_fee(ADDRESS, "%", nonce=1)),
    ("destination", lambda: SIGNER.usd_send("me", "1", nonce=1)),
    ("amount", lambda: SIGNER.withdraw(ADDRESS, "0", nonce=1)),
    ("amount", lambda: SIGNER.withdraw(ADDRESS, "0.000000001", nonce=1)),
    ("vault", lambda: Signer(KEY, mainnet=True, vault=ADDRESS).withdraw(ADDRESS, "1", nonce=1)),
    ("vault", lambda: Signer(KEY, mainnet=True, vault=SIGNER.address)),
    ("vault", lambda: Signer(KEY, mainnet=True, vault="0x1")),
    ("mainnet", lambda: Signer(KEY, mainnet="yes")),  # type: ignore[arg-type]
    ("type", lambda: SIGNER.action('{"type":"usdSend","amount":"1"}', nonce=1)),
    ("action", lambda: SIGNER.action("[]", nonce=1)),
    ("action", lambda: SIGNER.action("", nonce=1)),
    ("action", lambda: SIGNER.action(b"\xff", nonce=1)),
    ("action", lambda: SIGNER.action('{"a":1.5}', nonce=1)),
    ("action", lambda: SIGNER.action('{"a":1,"a":1}', nonce=1)),
    ("action", lambda: SIGNER.action('{"a":%s}' % ("[" * 100), nonce=1)),
    ("action", lambda: SIGNER.action(SURROGATE, nonce=1)),
    ("action", lambda: SIGNER.action({}, nonce=1)),  # type: ignore[arg-type]
    ("action", lambda: SIGNER.action(" " * (1 << 20) + "{}", nonce=1)),
    ("connection_id", lambda: sign.digest(b"1", True)),
    ("data", lambda: sign.keccak256("x")),  # type: ignore[arg-type]
    ("x", lambda: sign.float_to_wire("1")),  # type: ignore[arg-type]
    ("x", lambda: sign.float_to_wire(float("inf"))),
    ("x", lambda: sign.float_to_wire(1e300)),
    ("x", lambda: sign.float_to_wire(10**400)),
    ("floor", lambda: Nonces(-1)),
    ("now_ms", lambda: Nonces().next(-1)),
    ("now_ms", lambda: Nonces().next(1.5)),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("field", "call"), CALLS)
def test_bad_calls(field: str, call: Callable[[], Any]) -> None:
    with pytest.raises(UsageError) as told:
        call()
    assert told.value.field == field
    assert told.value.reason


def test_an_error_says_which_item() -> None:
    with pytest.raises(BadInput, match="oid in row 1 ") as told:
        SIGNER.cancels([(0, 1), (0, -1), (0, 2)], nonce=1)
    assert told.value.field == "oid"


def test_always_place_can_be_allowed() -> None:
    signer = Signer(KEY, mainnet=True, allow_always_place=True)
    body = signer.modifies([(1, ORDER)], nonce=1, always_place=True)
    assert json.loads(body)["action"]["a"] is True
    action = json.dumps(json.loads(body)["action"], separators=(",", ":"))
    assert signer.action(action, nonce=1) == body
    assert SIGNER.action('{"type":"modify","a":false}', nonce=1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda body: body[:-1], "body"),
        (lambda body: body + b" x", "body"),
        (lambda body: body.replace(b"order", b"dummy", 1), "type"),
        (lambda body: body.replace(b'"nonce":1,', b""), "nonce"),
        (lambda body: body.replace(b'"nonce":1,', b'"nonce":-1,'), "nonce"),
        (lambda body: body.replace(b'"signature"', b'"signatures"'), "signature"),
        (lambda body: body.replace(b'"v":2', b'"v":1'), "v"),
        (lambda body: body.replace(b'"r":"0x', b'"r":"'), "r"),
        (lambda body: body.replace(b'"s":"0x', b'"s":"0x0'), "s"),
        (lambda body: body.replace(b'"vaultAddress":null', b'"vaultAddress":"0x1"'), "vaultAddress"),
        (lambda body: body.replace(b'"expiresAfter":null', b'"expiresAfter":"1"'), "expiresAfter"),
        (lambda body: body.replace(b'"s":"0.00537",', b""), "s"),
        (lambda body: bytearray(body), "body"),
        (lambda _: b"", "body"),
        (lambda _: b"\xff\xfe", "body"),
        (lambda _: b"[1]", "action"),
    ],
)
def test_bodies_that_the_venue_could_not_read(change: Callable[[bytes], Any], field: str) -> None:
    body = SIGNER.orders([ORDER], nonce=1)
    assert sign.recover(body, True) == SIGNER.address
    with pytest.raises(BadInput) as told:
        sign.recover(change(body), True)
    assert told.value.field == field


def test_a_signature_of_no_key() -> None:
    body = SIGNER.noop(nonce=1)
    start = body.index(b'"r":"0x') + 7
    for digits in (b"0" * 64, b"f" * 64):
        with pytest.raises(BadInput) as told:
            sign.recover(body[:start] + digits + body[start + 64 :], True)
        assert told.value.field == "signature"


def test_a_nonce_that_is_not_the_signed_one() -> None:
    body = SIGNER.usd_send(ADDRESS, "1", nonce=7)
    with pytest.raises(BadInput) as told:
        sign.recover(body.replace(b'"nonce":7', b'"nonce":8'), True)
    assert told.value.field == "nonce"
