"""Random actions, each as the official SDK builds and signs it and as mm does.

The worker of `test_sign_sdk.py`; it runs in processes of its own. What the SDK has a function for is made by that
function (numbers as floats, as it wants them); the other actions are dictionaries, as its `Exchange` writes them.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Literal

import eth_account
from hyperliquid.utils import signing
from hyperliquid.utils.types import Cloid

from mm._core.sign import OrderWire, Signer, recover

Pair = tuple[dict[str, Any], bytes]
"""The SDK's action, and mm's body."""
TIFS = ("Alo", "Ioc", "Gtc", "FrontendMarket")


class Account:
    """One key with the SDK and with mm, on one network, for itself or for a vault."""

    def __init__(self, rng: random.Random) -> None:
        key = "0x" + rng.randbytes(32).hex()
        self.mainnet = rng.random() < 0.5
        self.vault = "0x" + rng.randbytes(20).hex() if rng.random() < 0.5 else None
        self.wallet = eth_account.Account.from_key(key)
        self.signer = Signer(key, mainnet=self.mainnet, vault=self.vault, allow_always_place=True)
        self.own = Signer(key, mainnet=self.mainnet)
        assert self.signer.address == self.wallet.address.lower()


def whole(rng: random.Random) -> int:
    """A number of any width up to 64 bits."""
    return rng.getrandbits(rng.randint(1, 64))


def asset(rng: random.Random) -> int:
    return rng.choice((rng.randrange(256), 10_000 + rng.randrange(500), 110_000 + rng.randrange(90_000)))


def decimal(rng: random.Random) -> tuple[float, str]:
    """A positive number as a float and as text, with a zero too many at times.

    Below ten millions: above, the SDK writes a float's own error into the eighth decimal (1635356136.11 becomes
    1635356136.1099999). mm takes no floats.
    """
    decimals = rng.randint(0, 8)
    digits = rng.randint(1, 10 ** rng.randint(1, decimals + 7))
    text = f"{digits // 10**decimals}.{digits % 10**decimals:0{decimals}d}" if decimals else str(digits)
    return float(text), text


def order(rng: random.Random) -> tuple[dict[str, Any], OrderWire]:
    (px, px_text), (sz, sz_text) = decimal(rng), decimal(rng)
    kind: dict[str, Any]
    more: dict[str, Any]
    if rng.random() < 0.8:
        tif = rng.choice(TIFS)
        kind, more = {"limit": {"tif": tif}}, {"tif": tif}
    else:
        trigger, text = decimal(rng)
        market, tpsl = rng.random() < 0.5, rng.choice(("tp", "sl"))
        kind = {"trigger": {"triggerPx": trigger, "isMarket": market, "tpsl": tpsl}}
        more = {"trigger_px": text, "tpsl": tpsl, "is_market": market}
    request: dict[str, Any] = {
        "coin": "",
        "is_buy": rng.random() < 0.5,
        "sz": sz,
        "limit_px": px,
        "order_type": kind,
        "reduce_only": rng.random() < 0.2,
    }
    if rng.random() < 0.7:
        more["cloid"] = f"0x{rng.getrandbits(128):032x}"
        request["cloid"] = Cloid.from_str(more["cloid"])
    number = asset(rng)
    wire = signing.order_request_to_order_wire(request, number)
    ours = OrderWire(number, request["is_buy"], px_text, sz_text, reduce_only=request["reduce_only"], **more)
    return wire, ours


def items(rng: random.Random) -> range:
    """One or a few; at times as many as msgpack counts in one byte, and one more."""
    return range(rng.choice((15, 16, 17)) if rng.random() < 0.03 else rng.choice((1, 1, 1, 1, 2, 3)))


def orders(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    wires, ours = zip(*(order(rng) for _ in items(rng)), strict=True)
    groupings: tuple[Literal["na", "normalTpsl", "positionTpsl"], ...] = ("na", "normalTpsl", "positionTpsl")
    grouping = rng.choice(groupings)
    perps = any(one.asset < 10_000 or 100_000 <= one.asset < 100_000_000 for one in ours)  # a tenth of the fee on spot
    builder = ("0x" + rng.randbytes(20).hex(), rng.randint(0, 100 if perps else 1000)) if rng.random() < 0.3 else None
    told = {"b": builder[0], "f": builder[1]} if builder else None
    action = signing.order_wires_to_order_action(list(wires), told, grouping)
    return action, who.signer.orders(ours, grouping=grouping, builder=builder, **sent)


def priority(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    wire, ours = order(rng)
    while ours.tif != "Ioc":
        wire, ours = order(rng)
    fee = rng.randint(0, 100_000_000)
    action = signing.order_wires_to_order_action([wire], None, {"p": fee})
    return action, who.signer.orders([ours], priority=fee, **sent)


def fast(rng: random.Random, action: dict[str, Any]) -> bool:
    if rng.random() < 0.2:
        action["f"] = True
    return "f" in action


def cancels(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    targets = [(asset(rng), whole(rng)) for _ in items(rng)]
    action: dict[str, Any] = {"type": "cancel", "cancels": [{"a": a, "o": o} for a, o in targets]}
    return action, who.signer.cancels(targets, fast=fast(rng, action), **sent)


def cancels_by_cloid(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    targets = [(asset(rng), f"0x{rng.getrandbits(128):032x}") for _ in items(rng)]
    action: dict[str, Any] = {
        "type": "cancelByCloid",
        "cancels": [{"asset": a, "cloid": Cloid.from_str(c).to_raw()} for a, c in targets],
    }
    return action, who.signer.cancels_by_cloid(targets, fast=fast(rng, action), **sent)


def change(rng: random.Random) -> tuple[dict[str, Any], tuple[int | str, OrderWire]]:
    wire, ours = order(rng)
    target = whole(rng) if rng.random() < 0.5 else f"0x{rng.getrandbits(128):032x}"
    return {"oid": target, "order": wire}, (target, ours)


def always(rng: random.Random, action: dict[str, Any]) -> bool:
    if rng.random() < 0.1:
        action["a"] = True
    return "a" in action


def modifies(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    wires, ours = zip(*(change(rng) for _ in items(rng)), strict=True)
    action: dict[str, Any] = {"type": "batchModify", "modifies": list(wires)}
    return action, who.signer.modifies(ours, always_place=always(rng, action), **sent)


def modify(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    wire, (target, ours) = change(rng)
    action: dict[str, Any] = {"type": "modify", **wire}
    return action, who.signer.modify(target, ours, always_place=always(rng, action), **sent)


def noop(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    return {"type": "noop"}, who.signer.noop(**sent)


def schedule_cancel(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    time = whole(rng) if rng.random() < 0.5 else None
    action: dict[str, Any] = {"type": "scheduleCancel"} | ({} if time is None else {"time": time})
    return action, who.signer.schedule_cancel(time, **sent)


def leverage(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    number, cross, times = asset(rng), rng.random() < 0.5, rng.randint(1, 50)
    action = {"type": "updateLeverage", "asset": number, "isCross": cross, "leverage": times}
    return action, who.signer.update_leverage(number, times, is_cross=cross, **sent)


def margin(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    number, buy = asset(rng), rng.random() < 0.5
    dollars = rng.choice((-1, 1)) * rng.randint(1, 10 ** rng.randint(1, 9)) / 100
    ntli = signing.float_to_usd_int(dollars)
    action = {"type": "updateIsolatedMargin", "asset": number, "isBuy": buy, "ntli": ntli}
    return action, who.signer.update_isolated_margin(number, f"{dollars:.2f}", is_buy=buy, **sent)


def weight(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    many = whole(rng) or 1
    return {"type": "reserveRequestWeight", "weight": many}, who.signer.reserve_request_weight(many, **sent)


def twap(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    sz, text = decimal(rng)
    buy, reduce, randomize, minutes, number = (
        rng.random() < 0.5,
        False,
        rng.random() < 0.5,
        rng.randint(5, 1440),
        asset(rng),
    )
    told = {"a": number, "b": buy, "s": signing.float_to_wire(sz), "r": reduce, "m": minutes, "t": randomize}
    body = who.signer.twap_order(number, buy, text, minutes=minutes, randomize=randomize, reduce_only=reduce, **sent)
    return {"type": "twapOrder", "twap": told}, body


def twap_cancel(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    number, twap = asset(rng), whole(rng)
    return {"type": "twapCancel", "a": number, "t": twap}, who.signer.twap_cancel(number, twap, **sent)


# For the signer's own account, whatever vault it acts for.


def referrer(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    code = rng.choice(("ABC", "né", 'q"\\', "x" * 40))
    return {"type": "setReferrer", "code": code}, who.signer.set_referrer(code, **sent)


def sub_account(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    name = "n" * rng.randint(1, 16)
    return {"type": "createSubAccount", "name": name}, who.signer.create_sub_account(name, **sent)


def transfers(rng: random.Random, who: Account, sent: dict[str, Any]) -> Pair:
    other, deposit, micro = "0x" + rng.randbytes(20).hex(), rng.random() < 0.5, rng.randint(1, 10**15)
    usd = f"{micro // 10**6}.{micro % 10**6:06d}"
    if rng.random() < 0.5:
        action = {"type": "subAccountTransfer", "subAccountUser": other, "isDeposit": deposit, "usd": micro}
        return action, who.signer.sub_account_transfer(other, usd, is_deposit=deposit, **sent)
    action = {"type": "vaultTransfer", "vaultAddress": other, "isDeposit": deposit, "usd": micro}
    return action, who.signer.vault_transfer(other, usd, is_deposit=deposit, **sent)


# The common ones are drawn more often.
TRADING = (
    *(orders, cancels, cancels_by_cloid, modifies) * 4,
    modify,
    priority,
    noop,
    schedule_cancel,
    leverage,
    margin,
)
RARE = (weight, twap, twap_cancel)
OWN = (referrer, sub_account, transfers)


def l1_pairs(rng: random.Random, count: int) -> Iterator[tuple[str, Any, bytes, Account]]:
    """(kind, the SDK's signature, mm's body, the account)."""
    who = Account(rng)
    for n in range(count):
        if n % 50 == 0:
            who = Account(rng)
        make: Callable[[random.Random, Account, dict[str, Any]], Pair] = rng.choice(TRADING + RARE + OWN)
        nonce, expires = whole(rng), whole(rng) if rng.random() < 0.5 else None
        action, body = make(rng, who, {"nonce": nonce, "expires_ms": expires})
        vault = None if make in OWN else who.vault
        told = signing.sign_l1_action(who.wallet, action, vault, nonce, expires, who.mainnet)
        envelope = {"action": action, "nonce": nonce, "vaultAddress": vault, "expiresAfter": expires}
        read = json.loads(body)
        assert {name: read[name] for name in envelope} == envelope, (envelope, body)
        assert list(read["action"]) == list(action)
        yield make.__name__, told, body, who


def user_pairs(rng: random.Random, count: int) -> Iterator[tuple[str, Any, bytes, Account]]:
    """The same of what only the account's own key may sign."""
    for _ in range(count):
        who = Account(rng)
        nonce, other = whole(rng), "0x" + rng.randbytes(20).hex()
        amount = signing.float_to_wire(decimal(rng)[0])
        to: dict[str, Any] = {"destination": other, "amount": amount, "time": nonce}
        kind = rng.randrange(6)
        if kind == 0:
            name = rng.choice(("mm", "", "né"))
            action: dict[str, Any] = {"type": "approveAgent", "agentAddress": other, "agentName": name, "nonce": nonce}
            told = signing.sign_agent(who.wallet, action, who.mainnet)
            body = who.own.approve_agent(other, name or None, nonce=nonce)
            if not name:
                del action["agentName"]
        elif kind == 1:
            rate = f"0.{rng.randint(1, 99):03d}%"
            action = {"type": "approveBuilderFee", "maxFeeRate": rate, "builder": other, "nonce": nonce}
            told = signing.sign_approve_builder_fee(who.wallet, action, who.mainnet)
            body = who.own.approve_builder_fee(other, rate, nonce=nonce)
        elif kind == 2:
            action = {"type": "usdSend", **to}
            told = signing.sign_usd_transfer_action(who.wallet, action, who.mainnet)
            body = who.own.usd_send(other, amount, nonce=nonce)
        elif kind == 3:
            token = "PURR:0xc4bf3f870c0e9465323c0b6ed28096c2"
            action = {"type": "spotSend", "token": token, **to}
            told = signing.sign_spot_transfer_action(who.wallet, action, who.mainnet)
            body = who.own.spot_send(other, token, amount, nonce=nonce)
        elif kind == 4:
            action = {"type": "withdraw3", **to}
            told = signing.sign_withdraw_from_bridge_action(who.wallet, action, who.mainnet)
            body = who.own.withdraw(other, amount, nonce=nonce)
        else:
            to_perp = rng.random() < 0.5
            action = {"type": "usdClassTransfer", "amount": amount, "toPerp": to_perp, "nonce": nonce}
            told = signing.sign_usd_class_transfer_action(who.wallet, action, who.mainnet)
            body = who.own.usd_class_transfer(amount, to_perp=to_perp, nonce=nonce)
        assert json.loads(body)["action"] == action  # the SDK's signers put the chains into it
        yield action["type"], told, body, who


def run(seed: int, count: int) -> Counter[str]:
    """Compares so many; how many there were of each kind."""
    rng = random.Random(seed)
    seen: Counter[str] = Counter()
    for pairs in (l1_pairs(rng, count - count // 20), user_pairs(rng, count // 20)):
        for kind, told, body, who in pairs:
            signature = json.loads(body[body.rindex(b'"signature":') + 12 : body.rindex(b',"vaultAddress"')])
            # The SDK drops leading zeros.
            padded = {"r": f"0x{int(told['r'], 16):064x}", "s": f"0x{int(told['s'], 16):064x}", "v": told["v"]}
            assert signature == padded, (kind, body)
            if seen[kind] % 16 == 0:
                assert recover(body, who.mainnet) == who.signer.address, (kind, body)
            seen[kind] += 1
    return seen
