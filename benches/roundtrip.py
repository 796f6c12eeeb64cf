"""From a market frame to a signed order on the socket; and the WebSocket libraries side by side (ADR 0010).

    python benches/roundtrip.py [--quick] [--json] [--only orders|libraries] [--gap-ms 0.5]

Everything runs over loopback, against a venue of bare sockets (`bare.py`), in turns; venue and contender are a process
each, on a core each. An order is timed by the venue, from before it writes the frame until the last byte of the order is
read: both ways through the kernel are in it, and two wake-ups. The next frame follows half a millisecond after an order.
Beside it stands the CPU time that a side spends on an order, which other work on the machine does not count into.

What is judged is measured with cores that do not sleep: on each spins a process that gives way to everybody
(SCHED_IDLE), as `idle=poll` does on a machine that trades. A virtual core that sleeps is given away by its host, and to
wake it takes tens of microseconds that no program can save: "nothing at all", a socket that answers each frame with the same bytes,
shows how much of every figure is the machine's. A round counts only if that socket's own tail is what is demanded of
ours, before it and after it: in any other somebody else has the machine, and if there are too few that count there is
no verdict. How it looks with cores that sleep is told, too. Where there is no such
class of processes, that is all there is, and it is judged. Exit code 1 if a demand is not met, or not judged.
"""

import argparse
import asyncio
import base64
import contextlib
import gc
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from bare import ACCOUNT, KEY, META, SPOT_META, Peer  # noqa: E402

P50_MUST_US, TAIL_MUST = 180.0, 2.0
GAP_MS = 0.5
"""From an answer to the next frame."""
SIDES = ("mm", "mm-asyncio", "by-hand", "sdk-coincurve", "sdk", "nothing")
CONTROL = "nothing"
TRIES = 4
"""So many times as many rounds are begun as are to count."""
ASLEEP = ("mm", "by-hand", "nothing")
"""Measured with cores that sleep, too."""
LIBRARIES = ("aiohttp", "websockets", "picows")
WORD = {
    "mm": "`mm`, uvloop",
    "mm-asyncio": "`mm`, asyncio's loop",
    "by-hand": "by hand (picows, uvloop, orjson, coincurve)",
    "sdk-coincurve": "official SDK with coincurve",
    "sdk": "official SDK",
    "nothing": "nothing at all (a blocking socket)",
}


CAN_KEEP_AWAKE = hasattr(os, "SCHED_IDLE")
# It spins in PAUSE, as who waits for a lock does: a loop of work would slow down whoever computes on the other half of
# the same physical core. It dies with its parent.
_SPINNER = """
import ctypes, os, signal, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
libc, lock = ctypes.CDLL(None), ctypes.c_int()
libc.prctl(1, signal.SIGKILL)
for call in (libc.pthread_spin_init, libc.pthread_spin_lock, libc.pthread_spin_lock):
    call(ctypes.byref(lock), 0)
"""


@contextlib.contextmanager
def awake() -> Iterator[None]:
    """Cores that do not sleep: on each spins somebody who gives way to everybody."""
    spinners = [
        subprocess.Popen([sys.executable, "-c", _SPINNER, str(core)]) for core in sorted(os.sched_getaffinity(0))
    ]
    try:
        time.sleep(0.3)
        assert all(one.poll() is None for one in spinners), "a core could not be kept awake"
        yield
    finally:
        for one in spinners:
            one.kill()
            one.wait()


def on_core(process: subprocess.Popen[str], which: int) -> None:
    """Keeps a process to the first core (0) or to the last (-1), where cores can be chosen and there are two."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, {sorted(os.sched_getaffinity(0))[which]})


@contextlib.contextmanager
def venue(*args: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen([sys.executable, str(HERE / "bare.py"), *args], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def side(*args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(HERE / "roundtrip.py"), "--side", *args], stdout=subprocess.PIPE, text=True
    )


# --- orders: each side decides to bid at the best bid ---------------------------------------------------------------


async def order_mm(port: int) -> None:
    from mm._core.sign import Signer
    from mm.exchange.hyperliquid.limits import IpBudget, Limits, SocketBudget
    from mm.exchange.hyperliquid.link import Link
    from mm.exchange.hyperliquid.link_settings import Settings
    from mm.protocol import Answer, Market, NewOrder, Place

    settings = Settings(url=f"http://127.0.0.1:{port}", account=ACCOUNT, coins=("BTC",), feeds=("bbo",))
    # The venue's limits would end this after a second.
    limits = Limits(IpBudget(10**9), SocketBudget(messages=10**9))
    async with Link(settings, Signer(KEY, mainnet=True), limits=limits) as link:
        nonce = 0
        while True:
            fact = await link.receive(link.now_ms + 1_000)
            if type(fact) is Market:
                now = link.now_ms
                nonce = max(now, nonce + 1)
                bid: Any = fact.event
                order = NewOrder("BTC", "B", str(bid.bid.px), "0.001", "Alo", f"0x{nonce:032x}")
                link.send(Place(nonce, now + 5_000, (order,)))
            elif type(fact) is not Answer and fact is not None and type(fact).__name__ not in ("LinkUp", "Stale"):
                raise SystemExit(f"unexpected: {fact}")


async def order_by_hand(port: int) -> None:
    import coincurve
    import msgpack
    import orjson
    from Crypto.Hash import keccak
    from picows import WSListener, WSMsgType, ws_connect

    def hashed(data: bytes) -> bytes:
        made: bytes = keccak.new(digest_bits=256, data=data).digest()
        return made

    sign = coincurve.PrivateKey.from_hex(KEY[2:]).sign_recoverable
    pack, dump, load = msgpack.Packer().pack, orjson.dumps, orjson.loads
    agent = hashed(b"Agent(string source,bytes32 connectionId)") + hashed(b"a")
    domain = b"\x19\x01" + bytes.fromhex("d79297fcdf2ffcd4ae223d01edaa2ba214ff8f401d7c9300d995d17c82aa4040")
    text = WSMsgType.TEXT

    class Maker(WSListener):
        nonce = 0

        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            if frame.msg_type is not text:
                return
            message = load(frame.get_payload_as_memoryview())
            if message["channel"] != "bbo":
                return
            px = message["data"]["bbo"][0]["px"].rstrip("0").rstrip(".")
            now = time.time_ns() // 1_000_000
            self.nonce = nonce = max(now, self.nonce + 1)
            expires = now + 5_000
            cloid = f"0x{nonce:032x}"
            wire = {"a": 0, "b": True, "p": px, "s": "0.001", "r": False, "t": {"limit": {"tif": "Alo"}}, "c": cloid}
            action = {"type": "order", "orders": [wire], "grouping": "na"}
            tail = nonce.to_bytes(8, "big") + b"\x00\x00" + expires.to_bytes(8, "big")
            digest = hashed(domain + hashed(agent + hashed(pack(action) + tail)))
            made = sign(digest, hasher=None)
            signature = {"r": "0x" + made[:32].hex(), "s": "0x" + made[32:64].hex(), "v": 27 + made[64]}
            payload = {"action": action, "nonce": nonce, "signature": signature, "expiresAfter": expires}
            request = {"type": "action", "payload": payload}
            transport.send(text, dump({"method": "post", "id": nonce, "request": request}))

    transport, _ = await ws_connect(Maker, f"ws://127.0.0.1:{port}/ws")
    transport.send(text, b'{"method":"subscribe","subscription":{"type":"bbo","coin":"BTC"}}')
    await transport.wait_disconnected()


def order_sdk(port: int, backend: str) -> None:
    os.environ["ECC_BACKEND_CLASS"] = f"eth_keys.backends.{backend}"
    import eth_account
    from hyperliquid.exchange import Exchange
    from hyperliquid.info import Info

    url = f"http://127.0.0.1:{port}"
    meta: Any = META
    spot: Any = SPOT_META
    exchange = Exchange(eth_account.Account.from_key(KEY), url, meta, account_address=ACCOUNT, spot_meta=spot)
    info = Info(url, False, meta, spot)
    kind: Any = {"limit": {"tif": "Alo"}}

    def on_bbo(message: Any) -> None:
        exchange.order("BTC", True, 0.001, float(message["data"]["bbo"][0]["px"]), kind)

    info.subscribe({"type": "bbo", "coin": "BTC"}, on_bbo)
    while True:
        time.sleep(1)


def order_of_nothing(port: int) -> None:
    """Reads a frame and answers with bytes that were made before: what is left is the machine."""
    peer = Peer(socket.create_connection(("127.0.0.1", port)))
    key = base64.b64encode(bytes(16))
    peer.sock.sendall(b"GET /ws HTTP/1.1\r\nHost: venue\r\nUpgrade: websocket\r\nSec-WebSocket-Key: %b\r\n\r\n" % key)
    while b"\r\n\r\n" not in peer.held:
        peer.more()
    peer.held = peer.held.split(b"\r\n\r\n", 1)[1]

    def masked(text: bytes) -> bytes:  # By zeros, which leaves the text as it is.
        return struct.pack("!BBH4x", 0x81, 0x80 | 126, len(text)) + text

    peer.sock.sendall(masked(b'{"method":"subscribe","subscription":{"type":"bbo","coin":"BTC"}}' + b" " * 100))
    order = masked(b'{"method":"post","id":1,"request":{}}' + b" " * 500)
    while True:
        if b'"channel":"bbo"' in peer.message():
            peer.sock.sendall(order)


def run_side(name: str, port: int) -> None:
    import uvloop

    gc.freeze()  # What was loaded is not looked through again; each side is treated alike.
    if name == "nothing":
        order_of_nothing(port)
    elif name == "mm":
        uvloop.run(order_mm(port))
    elif name == "mm-asyncio":
        asyncio.run(order_mm(port))
    elif name == "by-hand":
        uvloop.run(order_by_hand(port))
    else:
        order_sdk(port, "CoinCurveECCBackend" if name == "sdk-coincurve" else "NativeECCBackend")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def time_orders(name: str, count: int, gap_ms: float) -> tuple[list[float], float]:
    """Microseconds of each order, and of CPU an order."""
    with venue(str(count), "rest" if name.startswith("sdk") else "socket", str(gap_ms)) as (process, port):
        assert process.stdout is not None
        maker = side(name, str(port))
        on_core(process, 0)
        on_core(maker, -1)
        try:
            # The CPU of starting up is not an order's: it is read when the first frame is about to be sent.
            ready = process.stdout.readline()
            assert ready == "ready\n", f"{name} did not come: {ready!r}"
            begun = cpu_seconds(maker.pid)
            took = json.loads(process.stdout.readline())
            spent = cpu_seconds(maker.pid) - begun
        finally:
            maker.kill()
            maker.wait()
            assert maker.stdout is not None
            maker.stdout.close()
    return [one / 1_000 for one in took], spent * 1e6 / (count + 50)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def orders(quick: bool, gap_ms: float = GAP_MS) -> tuple[list[dict[str, Any]], str]:
    """A row a side and condition, those that are judged first; and the word for the first, ours."""
    rounds, count = (3, 400) if quick else (7, 2_000)
    rows = []
    if CAN_KEEP_AWAKE:
        with awake():
            rows += measured(SIDES, rounds, count, gap_ms, "awake")
    rows += measured(ASLEEP if rows else SIDES, rounds, count, gap_ms, "asleep")
    mine = rows[0]
    if mine["p50"] > P50_MUST_US:
        return rows, "FAIL"
    if mine["quiet"] < rounds:
        return rows, "NOT JUDGED"
    return rows, "PASS" if mine["p99"] <= TAIL_MUST * mine["p50"] else "FAIL"


def is_quiet(count: int, gap_ms: float) -> bool:
    """Whether the machine leaves a socket alone that does nothing: one order in a hundred takes no more than is demanded."""
    took, _ = time_orders(CONTROL, count, gap_ms)
    return percentile(took, 0.99) <= TAIL_MUST * percentile(took, 0.5)


def measured(sides: tuple[str, ...], rounds: int, count: int, gap_ms: float, cores: str) -> list[dict[str, Any]]:
    """The sides in turns, round by round; of those that are judged only rounds count before and after which it was quiet."""
    judged = cores == "awake" or not CAN_KEEP_AWAKE
    kept: list[dict[str, tuple[list[float], float]]] = []
    noisy: list[dict[str, tuple[list[float], float]]] = []
    for _ in range((TRIES if judged else 1) * rounds):
        quiet = not judged or is_quiet(count // 2, gap_ms)
        if not quiet and len(noisy) >= rounds:
            continue
        one = {name: time_orders(name, count // 4 if name == "sdk" else count, gap_ms) for name in sides}
        (kept if quiet and (not judged or is_quiet(count // 2, gap_ms)) else noisy).append(one)
        if len(kept) == rounds:
            break
    counted = kept if len(kept) == rounds else [*kept, *noisy][:rounds]
    return [
        {
            "side": name,
            "cores": cores,
            "p50": statistics.median(percentile(one[name][0], 0.5) for one in counted),
            "p99": statistics.median(percentile(one[name][0], 0.99) for one in counted),
            "rounds": [[round(percentile(one[name][0], share), 1) for share in (0.5, 0.99)] for one in counted],
            "cpu": statistics.median(one[name][1] for one in counted),
            "quiet": len(kept),
            "noisy": len(noisy),
        }
        for name in sides
    ]


# --- libraries --------------------------------------------------------------------------------------------------------


async def with_aiohttp(url: str, job: str, count: int) -> list[float]:
    import aiohttp

    async with aiohttp.ClientSession() as session, session.ws_connect(url, compress=0, decode_text=False) as socket:
        return await pulled(socket.receive, lambda message: message.data, socket.send_str, job, count)


async def with_websockets(url: str, job: str, count: int) -> list[float]:
    import websockets

    async with websockets.connect(url, compression=None, ping_interval=None, max_queue=None) as socket:
        return await pulled(lambda: socket.recv(decode=False), lambda data: data, socket.send, job, count)


async def pulled(
    receive: Callable[[], Any], data: Callable[[Any], Any], send: Callable[[str], Any], job: str, count: int
) -> list[float]:
    """The jobs, for a library whose messages are awaited."""
    if job == "echo":
        took = []
        for _ in range(count):
            begun = time.perf_counter_ns()
            await send("x" * 200)
            data(await receive())
            took.append(float(time.perf_counter_ns() - begun))
        await send("end")
        return took
    await send("go")
    await receive()
    begun = time.thread_time_ns()
    for _ in range(count - 1):
        data(await receive())
    spent = (time.thread_time_ns() - begun) / (count - 1)
    await send("end")
    return [spent]


async def with_picows(url: str, job: str, count: int) -> list[float]:
    from picows import WSListener, WSMsgType, ws_connect

    done: asyncio.Future[list[float]] = asyncio.get_running_loop().create_future()

    class Reader(WSListener):
        seen, begun = 0, 0
        took: list[float]

        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            frame.get_payload_as_bytes()
            self.seen += 1
            if job == "echo":
                now = time.perf_counter_ns()
                self.took.append(float(now - self.begun))
                if self.seen < count:
                    self.begun = time.perf_counter_ns()
                    transport.send(WSMsgType.TEXT, b"x" * 200)
                    return
            elif self.seen == 1:
                self.begun = time.thread_time_ns()
                return
            elif self.seen == count:
                self.took = [(time.thread_time_ns() - self.begun) / (count - 1)]
            if self.seen == count:
                done.set_result(self.took)

    transport, reader = await ws_connect(Reader, url, use_aiofastnet=False)
    reader.took = []  # type: ignore[attr-defined]
    reader.begun = time.perf_counter_ns()  # type: ignore[attr-defined]
    transport.send(WSMsgType.TEXT, b"x" * 200)
    took = await done
    transport.send(WSMsgType.TEXT, b"end")
    transport.disconnect()
    return took


def run_library(name: str, loop: str, job: str, count: int, port: int) -> None:
    import uvloop

    used = {"aiohttp": with_aiohttp, "websockets": with_websockets, "picows": with_picows}[name]
    gc.freeze()
    work = used(f"ws://127.0.0.1:{port}/{job}?n={count}", job, count)
    print(json.dumps(uvloop.run(work) if loop == "uvloop" else asyncio.run(work)))


def libraries(quick: bool) -> list[dict[str, Any]]:
    rows = []
    jobs = (
        {"paced": 2_000, "burst": 64 * 400, "echo": 1_500}
        if quick
        else {"paced": 5_000, "burst": 64 * 2_000, "echo": 5_000}
    )
    with venue() as (_, port):
        for library in LIBRARIES:
            for loop in ("asyncio", "uvloop"):
                row: dict[str, Any] = {"library": library, "loop": loop}
                for job, count in jobs.items():
                    told = []
                    for _ in range(3):
                        one = side("library", library, loop, job, str(count), str(port))
                        told.append(json.loads(one.communicate(timeout=120)[0]))
                    if job == "echo":
                        row["echo_p50_us"] = statistics.median(percentile(one, 0.5) for one in told) / 1_000
                        row["echo_p99_us"] = statistics.median(percentile(one, 0.99) for one in told) / 1_000
                    else:
                        row[f"{job}_us"] = statistics.median(one[0] for one in told) / 1_000
                rows.append(row)
    return rows


# --- the table --------------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description="The way from a frame to an order, and the WebSocket libraries.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=("orders", "libraries"))
    parser.add_argument("--gap-ms", type=float, default=GAP_MS)
    parser.add_argument("--side", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        if options.side[0] == "library":
            name, loop, job, count, port = options.side[1:]
            run_library(name, loop, job, int(count), int(port))
        else:
            run_side(options.side[0], int(options.side[1]))
        return
    found: dict[str, Any] = {}
    word = "PASS"
    if options.only != "libraries":
        found["orders"], word = orders(options.quick, options.gap_ms)
    if options.only != "orders":
        found["libraries"] = libraries(options.quick)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        show(found, word)
    raise SystemExit(0 if word == "PASS" else 1)


def show(found: dict[str, Any], word: str) -> None:
    if "orders" in found:
        print("frame in → signed order bytes on the socket, loopback, µs\n")
        print("| side | cores | p50 | p99 | CPU an order |\n| --- | --- | --- | --- | --- |")
        for row in found["orders"]:
            figures = f"{row['p50']:,.0f} | {row['p99']:,.0f} | {row['cpu']:,.0f}"
            print(f"| {WORD[row['side']]} | {row['cores']} | {figures} |")
        first = found["orders"][0]
        print(f"\nmust: p50 ≤ {P50_MUST_US:.0f}, p99 ≤ {TAIL_MUST:g} × p50: {word}")
        print(f"rounds in which the machine was quiet: {first['quiet']}; others: {first['noisy']}\n")
    if "libraries" in found:
        print("CPU a message (µs) one at a time and in bursts; round trip of 200 bytes (µs)\n")
        print(
            "| library | loop | one at a time | in bursts | round trip p50 | p99 |\n| --- | --- | --- | --- | --- | --- |"
        )
        for row in found["libraries"]:
            figures = (
                f"{row['paced_us']:.1f} | {row['burst_us']:.2f} | {row['echo_p50_us']:.0f} | {row['echo_p99_us']:.0f}"
            )
            print(f"| {row['library']} | {row['loop']} | {figures} |")


if __name__ == "__main__":
    main()
