"""The published vectors through Python, and the typed way beside the textual one."""

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm import Tif
from mm._core import sign
from mm._core.sign import OrderWire, Signer
from mm.errors import Unrepresentable

KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"
NONCE = 1_767_225_600_123


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def compact(action: Any) -> str:
    return json.dumps(action, separators=(",", ":"))


# The vectors ----------------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_every_l1_vector(shared: Path) -> None:
    vectors = json.loads((shared / "vectors" / "signing.json").read_text())["l1_vectors"]
    assert len(vectors) >= 173
    for vector in vectors:
        nonce, vault, expires = vector["nonce"], vector["vault_address"], vector["expires_after"]
        for action in (compact(vector["action"]), json.dumps(vector["action"], indent=1).encode()):
            packed = sign.msgpack(action)
            assert hexed(packed) == vector["msgpack_hex"], vector["id"]
            assert vector["preimage_hex"].startswith(vector["msgpack_hex"])
            assert hexed(sign.keccak256(bytes.fromhex(vector["preimage_hex"][2:]))) == vector["connection_id"]
            connection_id = sign.connection_id(action, nonce, vault, expires)
            assert hexed(connection_id) == vector["connection_id"], vector["id"]
            assert hexed(sign.digest(connection_id, vector["is_mainnet"])) == vector["eip712_digest"], vector["id"]
            signer = Signer(vector["private_key"], mainnet=vector["is_mainnet"], vault=vault, allow_always_place=True)
            assert signer.address == sign.address_of(vector["private_key"]) == vector["signer"]
            body = json.loads(signer.action(action, nonce=nonce, expires_ms=expires))
            assert body == {
                "action": vector["action"],
                "nonce": nonce,
                "signature": vector["signature"],
                "vaultAddress": vault,
                "expiresAfter": expires,
            }, vector["id"]


def typed(signer: Signer, action: dict[str, Any], **sent: Any) -> bytes | None:
    """The same by the action's own method; None if it has none, or the vector is not in the venue's form."""

    def wire(order: dict[str, Any]) -> OrderWire:
        trigger = order["t"].get("trigger")
        more = (
            {"tif": order["t"]["limit"]["tif"]}
            if trigger is None
            else {"trigger_px": trigger["triggerPx"], "tpsl": trigger["tpsl"], "is_market": trigger["isMarket"]}
        )
        return OrderWire(
            order["a"], order["b"], order["p"], order["s"], cloid=order.get("c"), reduce_only=order["r"], **more
        )

    match action:
        case {"type": "order", "orders": orders, "grouping": grouping, **rest}:
            how = {"priority": grouping["p"]} if isinstance(grouping, dict) else {"grouping": grouping}
            builder = rest.get("builder")
            told = (builder["b"], builder["f"]) if builder else None
            return signer.orders([wire(order) for order in orders], builder=told, **how, **sent)
        case {"type": "cancel", "cancels": cancels, **rest}:
            return signer.cancels([(c["a"], c["o"]) for c in cancels], fast="f" in rest, **sent)
        case {"type": "cancelByCloid", "cancels": cancels, **rest}:
            return signer.cancels_by_cloid([(c["asset"], c["cloid"]) for c in cancels], fast="f" in rest, **sent)
        case {"type": "modify", "oid": oid, "order": order, **rest}:
            return signer.modify(oid, wire(order), always_place="a" in rest, **sent)
        case {"type": "batchModify", "modifies": modifies, **rest}:
            changes = [(m["oid"], wire(m["order"])) for m in modifies]
            return signer.modifies(changes, always_place="a" in rest, **sent)
        case {"type": "scheduleCancel", **rest}:
            return signer.schedule_cancel(rest.get("time"), **sent)
        case {"type": "noop"}:
            return signer.noop(**sent)
        case {"type": "updateLeverage", "asset": asset, "isCross": cross, "leverage": leverage}:
            return signer.update_leverage(asset, leverage, is_cross=cross, **sent)
        case {"type": "updateIsolatedMargin", "asset": asset, "isBuy": buy, "ntli": ntli}:
            return signer.update_isolated_margin(asset, Decimal(ntli).scaleb(-6), is_buy=buy, **sent)
        case {"type": "reserveRequestWeight", "weight": weight}:
            return signer.reserve_request_weight(weight, **sent)
        case {"type": "setReferrer", "code": code}:
            return signer.set_referrer(code, **sent)
        case {"type": "createSubAccount", "name": name}:
            return signer.create_sub_account(name, **sent)
        case {"type": "subAccountTransfer", "subAccountUser": user, "isDeposit": deposit, "usd": usd}:
            return signer.sub_account_transfer(user, Decimal(usd).scaleb(-6), is_deposit=deposit, **sent)
    assert action["type"] in {"claimRewards", "dummy"}, action
    return None


@pytest.mark.shared
def test_the_methods_give_the_vectors_too(shared: Path) -> None:
    compared = 0
    for vector in json.loads((shared / "vectors" / "signing.json").read_text())["l1_vectors"]:
        signer = Signer(
            vector["private_key"],
            mainnet=vector["is_mainnet"],
            vault=vector["vault_address"],
            allow_always_place=True,
        )
        sent = {"nonce": vector["nonce"], "expires_ms": vector["expires_after"]}
        body = typed(signer, vector["action"], **sent)
        if body is None:
            continue
        told = json.loads(body)
        if '.0"' in json.dumps(vector["action"]):  # the methods write no zero that says nothing
            assert told["signature"] != vector["signature"]
            assert sign.recover(body, vector["is_mainnet"]) == vector["signer"]
            continue
        assert told["signature"] == vector["signature"], vector["id"]
        assert body == signer.action(compact(vector["action"]), **sent)
        assert sign.recover(body, vector["is_mainnet"]) == vector["signer"]
        compared += 1
    assert compared >= 150


@pytest.mark.shared
def test_every_user_signed_vector(shared: Path) -> None:
    vectors = json.loads((shared / "vectors" / "signing.json").read_text())["user_signed_vectors"]
    assert len(vectors) >= 6
    for vector in vectors:
        told = vector["message_after_sdk_adds_fields"]
        signer = Signer(vector["private_key"], mainnet=vector["is_mainnet"])
        match vector["id"].split("-")[0]:
            case "usdSend":
                body = signer.usd_send(told["destination"], told["amount"], nonce=told["time"])
            case "withdraw":
                body = signer.withdraw(told["destination"], told["amount"], nonce=told["time"])
            case "approveAgent":
                body = signer.approve_agent(told["agentAddress"], told["agentName"], nonce=told["nonce"])
            case "approveBuilderFee":
                body = signer.approve_builder_fee(told["builder"], told["maxFeeRate"], nonce=told["nonce"])
            case other:
                raise AssertionError(other)
        read = json.loads(body)
        assert read["signature"] == vector["signature"], vector["id"]
        assert told.items() <= read["action"].items()
        assert sign.recover(body, vector["is_mainnet"]) == vector["signer"]


@pytest.mark.shared
def test_every_float_vector(shared: Path) -> None:
    cases = json.loads((shared / "vectors" / "float_to_wire.json").read_text())["cases"]
    assert len(cases) >= 25
    for case in cases:
        if "error" in case:
            with pytest.raises(Unrepresentable, match=case["error"]):
                sign.float_to_wire(float(case["in"]))
        else:
            assert sign.float_to_wire(float(case["in"])) == case["out"]


@given(st.floats() | st.integers(0, 10**17).map(lambda n: n / 1e8))
def test_floats_as_the_sdk_writes_them(x: float) -> None:
    sdk = pytest.importorskip("hyperliquid.utils.signing", reason="the official SDK is not installed")
    try:
        told = sdk.float_to_wire(x)
    except Exception:
        told = None
    try:
        ours = sign.float_to_wire(x)
    except Unrepresentable:
        # Nor does the SDK, but for "Infinity", "NaN" and what it rounds to 28 digits.
        assert told is None or not math.isfinite(x) or len(told.lstrip("-").replace(".", "")) >= 28
    else:
        assert told == ("-0" if ours == "0" and str(x).startswith("-") else ours)


# What comes out -------------------------------------------------------------------------------------------------------


def test_an_order_is_written_shortest() -> None:
    order = OrderWire(0, True, "0083757.500", Decimal("1E+2"), Tif.GTC, "0x" + "AB" * 16)
    assert (order.px, order.sz, order.tif, order.cloid) == ("83757.5", "100", "Gtc", "0x" + "ab" * 16)
    assert OrderWire(0, False, 7, Decimal("0.00000001"), "Alo").sz == "0.00000001"
    assert OrderWire(0, False, "92233720368.54775807", 10**15, "Alo").px == "92233720368.54775807"
    stop = OrderWire(1, False, "100", "1", trigger_px="103.0", tpsl="sl")
    assert (stop.tif, stop.trigger_px, stop.tpsl, stop.is_market) == (None, "103", "sl", True)


def test_an_order_is_a_value() -> None:
    limit = OrderWire(0, True, "1.5", "2", "Alo", "0x" + "ab" * 16, reduce_only=True)
    trigger = OrderWire(7, False, "1.5", "2", trigger_px="3", tpsl="tp", is_market=False)
    for order in (limit, trigger):
        assert eval(repr(order), {"OrderWire": OrderWire}) == order
        assert hash(eval(repr(order), {"OrderWire": OrderWire})) == hash(order)
    assert limit != trigger
    match limit:
        case OrderWire(0, True, "1.5", "2", "Alo", cloid, True):
            assert cloid == "0x" + "ab" * 16
        case _:
            raise AssertionError(limit)


def test_the_same_call_gives_the_same_bytes() -> None:
    order = OrderWire(0, True, "83757", "0.00537", "Alo")
    one, other = Signer(KEY, mainnet=True), Signer(bytes.fromhex(KEY[2:]), mainnet=True)
    assert one.orders([order], nonce=1) == other.orders((order,), nonce=1)
    assert one.orders([order], nonce=1) != one.orders([order], nonce=2)
    assert one.orders([order], nonce=1) != one.orders([order], nonce=1, expires_ms=1)
    assert one.orders([order], nonce=1) != Signer(KEY, mainnet=False).orders([order], nonce=1)


def test_own_business_is_not_done_for_a_vault() -> None:
    signer = Signer(KEY, mainnet=True, vault="0x" + "AB" * 20)
    assert signer.vault == "0x" + "ab" * 20
    assert json.loads(signer.noop(nonce=1))["vaultAddress"] == signer.vault
    body = signer.vault_transfer("0x" + "cd" * 20, "1.5", is_deposit=True, nonce=1)
    read = json.loads(body)
    assert (read["vaultAddress"], read["action"]["usd"]) == (None, 1_500_000)
    assert sign.recover(body, True) == signer.address


# What the venue makes of it -------------------------------------------------------------------------------------------


def shuffled(value: Any, keys: st.DataObject) -> Any:
    """The same JSON with its members in another order."""
    if isinstance(value, dict):
        names = keys.draw(st.permutations(list(value)))
        return {name: shuffled(value[name], keys) for name in names}
    if isinstance(value, list):
        return [shuffled(item, keys) for item in value]
    return value


@given(st.data(), st.booleans(), st.integers(0, 2**64 - 1), st.none() | st.integers(0, 2**64 - 1))
@settings(max_examples=50)
def test_the_order_of_members_is_the_venues_own(
    data: st.DataObject, mainnet: bool, nonce: int, expires: int | None
) -> None:
    signer = Signer(KEY, mainnet=mainnet)
    order = OrderWire(5, True, "141.23", "12.5", "Gtc", "0x" + "ab" * 16)
    for body in (
        signer.orders([order] * 2, nonce=nonce, expires_ms=expires, builder=("0x" + "cd" * 20, 10)),
        signer.modifies([(3, order), ("0x" + "ef" * 16, order)], nonce=nonce, expires_ms=expires),
        signer.usd_send("0x" + "cd" * 20, "1", nonce=nonce),
    ):
        assert sign.recover(body, mainnet) == signer.address
        read = json.loads(body)
        assert sign.recover(json.dumps(shuffled(read, data)).encode(), mainnet) == signer.address
        assert sign.recover(body, not mainnet) != signer.address
        absent = {name: value for name, value in read.items() if value is not None}
        assert sign.recover(compact(absent).encode(), mainnet) == signer.address


def test_what_is_hashed_otherwise_is_nobodys() -> None:
    signer = Signer(KEY, mainnet=True)
    good = '{"type":"cancelByCloid","cancels":[{"asset":0,"cloid":"0x%s"}]}' % ("ab" * 16)
    for action in (
        good.replace("0x", ""),
        good.replace("ab", "AB"),
        good.replace("]}", '],"f":false}'),
        '{"cancels":[{"asset":0,"cloid":"0x%s"}],"type":"cancelByCloid"}' % ("ab" * 16),
        '{"type":"scheduleCancel","time":null}',
    ):
        assert sign.recover(signer.action(action, nonce=1), True) != signer.address, action
    assert sign.recover(signer.action(good, nonce=1), True) == signer.address


def test_leading_zeros_of_a_signature_may_be_absent() -> None:
    signer = Signer(KEY, mainnet=True)
    seen = 0
    for nonce in range(200):
        body = signer.noop(nonce=nonce)
        if b'"0x0' in body:
            seen += 1
            assert sign.recover(body.replace(b'"0x0', b'"0x'), True) == signer.address
    assert seen
