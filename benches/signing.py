"""Build, sign and write an action, beside the official SDK and the best that a hand makes of Python's parts.

    python benches/signing.py [--quick] [--json]

Four sides do the same job and give the same signature: mm; the official SDK as it comes from PyPI without coincurve
(its ECDSA is pure Python); the SDK with coincurve (libsecp256k1); and by hand: msgpack, pycryptodome's keccak,
coincurve and orjson, with all that never changes made before. They take turns; a figure is the median of the rounds,
in CPU time of the calling thread, as other work on the machine counts into wall time. The job is the whole of it: from
numbers to the bytes of the request. Exit code 1 if a row fails.
"""

import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import coincurve
import eth_account
import msgpack
import orjson
from Crypto.Hash import keccak
from hyperliquid.utils import signing
from hyperliquid.utils.types import Cloid

from mm._core.sign import OrderWire, Signer

KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"
NONCE = 1_767_225_600_123
EXPIRES = NONCE + 5_000
SIDES = ("mm", "sdk", "sdk-coincurve", "by-hand")
Job = Callable[[], bytes]


@dataclass(frozen=True)
class Row:
    """A job, as each side does it, and what is demanded of mm."""

    key: str
    job: str
    sides: dict[str, Job]
    must_us: float
    must_ratio: dict[str, float]


@dataclass(frozen=True)
class Result:
    """Microseconds a job, one figure a round and side."""

    row: Row
    rounds: dict[str, tuple[float, ...]]

    def median(self, side: str) -> float:
        return statistics.median(self.rounds[side])

    def ratio(self, side: str) -> float:
        return self.median(side) / self.median("mm")

    @property
    def met_us(self) -> bool:
        return self.median("mm") <= self.row.must_us

    @property
    def met_ratio(self) -> bool:
        return all(self.ratio(side) >= least for side, least in self.row.must_ratio.items())

    @property
    def passed(self) -> bool:
        """By the ratios where any are demanded, for a slow machine slows all sides; else by the time."""
        return self.met_ratio if self.row.must_ratio else self.met_us

    def summary(self) -> dict[str, Any]:
        told = {
            side: {"median": round(self.median(side), 2), "min": round(min(all_), 2), "max": round(max(all_), 2)}
            for side, all_ in self.rounds.items()
        }
        ratios = {side: round(self.ratio(side), 2) for side in self.rounds if side != "mm"}
        return {"key": self.row.key, "us": told, "ratios": ratios, "passed": self.passed, "met_us": self.met_us}


# The sides ------------------------------------------------------------------------------------------------------------

Line = tuple[int, bool, str, str, str]
"""asset, buys, price, size, cloid."""


def lines(count: int) -> list[Line]:
    return [(n, n % 2 == 0, f"{83757 - n}", f"{537 + n}e-5", f"0x{n + 1:032x}") for n in range(count)]


def plain(number: str) -> str:
    """The sizes above as text."""
    return f"{float(number):.5f}"


def with_mm(orders: list[Line]) -> Job:
    signer = Signer(KEY, mainnet=True)
    told = [(asset, buy, px, plain(sz), cloid) for asset, buy, px, sz, cloid in orders]

    def job() -> bytes:
        wires = [OrderWire(asset, buy, px, sz, "Alo", cloid) for asset, buy, px, sz, cloid in told]
        return signer.orders(wires, nonce=NONCE, expires_ms=EXPIRES)

    return job


def with_sdk(orders: list[Line], backend: str) -> Job:
    wallet = eth_account.Account.from_key(KEY)
    told: list[tuple[int, Any]] = [
        (asset, {"coin": "", "is_buy": buy, "sz": float(sz), "limit_px": float(px), "reduce_only": False,
                 "order_type": {"limit": {"tif": "Alo"}}, "cloid": Cloid.from_str(cloid)})
        for asset, buy, px, sz, cloid in orders
    ]  # fmt: skip

    def job() -> bytes:
        os.environ["ECC_BACKEND_CLASS"] = f"eth_keys.backends.{backend}"  # asked for at each signature
        wires = [signing.order_request_to_order_wire(order, asset) for asset, order in told]
        action = signing.order_wires_to_order_action(wires)
        signature = signing.sign_l1_action(wallet, action, None, NONCE, EXPIRES, True)
        body = {"action": action, "nonce": NONCE, "signature": signature, "vaultAddress": None, "expiresAfter": EXPIRES}
        return json.dumps(body).encode()

    return job


def by_hand(orders: list[Line]) -> Job:
    def hashed(data: bytes) -> bytes:
        return keccak.new(digest_bits=256, data=data).digest()

    sign = coincurve.PrivateKey.from_hex(KEY[2:]).sign_recoverable
    pack, dump = msgpack.Packer().pack, orjson.dumps
    agent = hashed(b"Agent(string source,bytes32 connectionId)") + hashed(b"a")
    domain = b"\x19\x01" + bytes.fromhex("d79297fcdf2ffcd4ae223d01edaa2ba214ff8f401d7c9300d995d17c82aa4040")
    told = [(asset, buy, px, plain(sz).rstrip("0"), cloid) for asset, buy, px, sz, cloid in orders]

    def job() -> bytes:
        wires = [
            {"a": asset, "b": buy, "p": px, "s": sz, "r": False, "t": {"limit": {"tif": "Alo"}}, "c": cloid}
            for asset, buy, px, sz, cloid in told
        ]
        action = {"type": "order", "orders": wires, "grouping": "na"}
        tail = NONCE.to_bytes(8, "big") + b"\x00\x00" + EXPIRES.to_bytes(8, "big")
        digest = hashed(domain + hashed(agent + hashed(pack(action) + tail)))
        made = sign(digest, hasher=None)
        signature = {"r": "0x" + made[:32].hex(), "s": "0x" + made[32:64].hex(), "v": 27 + made[64]}
        return dump(
            {"action": action, "nonce": NONCE, "signature": signature, "vaultAddress": None, "expiresAfter": EXPIRES}
        )

    return job


# The rows -------------------------------------------------------------------------------------------------------------


def rows() -> list[Row]:
    """One order, and a batch of ten; all sides' bodies say the same, or nothing is measured."""
    made = []
    for count, job, must_us, must_ratio in (
        (1, "build + sign + JSON of one order", 45.0, {"sdk": 70.0, "sdk-coincurve": 7.0}),
        (10, "the same for a batch of 10", 60.0, {}),
    ):
        orders = lines(count)
        sides = {
            "mm": with_mm(orders),
            "sdk": with_sdk(orders, "NativeECCBackend"),
            "sdk-coincurve": with_sdk(orders, "CoinCurveECCBackend"),
            "by-hand": by_hand(orders),
        }
        assert tuple(sides) == SIDES
        bodies = [json.loads(side()) for side in sides.values()]
        assert all(body == bodies[0] for body in bodies), bodies
        made.append(Row(f"sign-{count}", job, sides, must_us, must_ratio))
    return made


def measure(row: Row, rounds: int = 9, slice_ms: float = 30.0) -> Result:
    """Each side in turn, some milliseconds each, and so for some rounds."""
    counts = {}
    for side, job in row.sides.items():
        start = time.thread_time_ns()
        for _ in range(3):
            job()
        counts[side] = max(3, int(slice_ms * 3e6 / (time.thread_time_ns() - start)))
    told: dict[str, list[float]] = {side: [] for side in row.sides}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for side, job in row.sides.items():
                count = counts[side]
                start = time.thread_time_ns()
                for _ in range(count):
                    job()
                told[side].append((time.thread_time_ns() - start) / count / 1_000)
    finally:
        gc.enable()
    return Result(row, {side: tuple(figures) for side, figures in told.items()})


HEAD = ("job", "`mm`", "by hand", "SDK with coincurve", "SDK plain", "must", "")


def cells(result: Result) -> tuple[str, ...]:
    """A line of a table."""

    def beside(side: str) -> str:
        return f"{result.median(side):,.0f} µs ({result.ratio(side):.1f}×)"

    row = result.row
    demands = [f"≤ {row.must_us:.0f} µs", *(f"≥ {least:.0f}× {side}" for side, least in row.must_ratio.items())]
    word = "FAIL" if not result.passed else "PASS" if result.met_us else "PASS by ratio"
    return (
        row.job,
        f"{result.median('mm'):.1f} µs",
        *(beside(side) for side in ("by-hand", "sdk-coincurve", "sdk")),
        ", ".join(demands),
        word,
    )


def main() -> int:
    results = [measure(row, 5 if "--quick" in sys.argv else 15) for row in rows()]
    if "--json" in sys.argv:
        print(json.dumps([result.summary() for result in results], indent=1))
    else:
        for line in (HEAD, ("---",) * len(HEAD), *map(cells, results)):
            print("| " + " | ".join(line) + " |")
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
