"""A venue made of bare sockets, in a process of its own: it costs every contender the same, and as little as can be.

One thread a connection, blocking calls, no library. `GET /<job>?n=…` upgrades to a WebSocket and does the job;
`POST` is an order that came by REST. What a job measured is printed as one line of JSON.
"""

import base64
import hashlib
import json
import queue
import socket
import struct
import sys
import threading
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

BBO = (
    b'{"channel":"bbo","data":{"coin":"BTC","time":%d,"bbo":[{"px":"83757.0","sz":"22.61305","n":81},'
    b'{"px":"83758.0","sz":"0.00016","n":1}]}}'
)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
RESTING = b'{"status":"ok","response":{"type":"order","data":{"statuses":[{"resting":{"oid":41547028680}}]}}}'

ACCOUNT = "0x" + "ab" * 20
KEY = "0x" + "11" * 32
AGENT = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
META: dict[str, Any] = {
    "universe": [{"szDecimals": 5, "name": "BTC", "maxLeverage": 40, "marginTableId": 1}],
    "marginTables": [],
    "collateralToken": 0,
}
SPOT_META: dict[str, Any] = {"universe": [], "tokens": []}
ROLES = {AGENT: {"role": "agent", "data": {"user": ACCOUNT}}}
INFOS = {
    "meta": META,
    "spotMeta": SPOT_META,
    "userRateLimit": {"cumVlm": "1.0", "nRequestsUsed": 1, "nRequestsCap": 10**9, "nRequestsSurplus": 0},
}


def frame(payload: bytes) -> bytes:
    """An unmasked text frame."""
    if len(payload) < 126:
        return struct.pack("!BB", 0x81, len(payload)) + payload
    return struct.pack("!BBH", 0x81, 126, len(payload)) + payload


def unmask(payload: bytes, mask: bytes) -> bytes:
    whole = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(len(payload), "big")


class Peer:
    """One connection, read by hand."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.held = sock, b""
        self.stamp = 0

    def more(self) -> None:
        got = self.sock.recv(65536)
        self.stamp = time.perf_counter_ns()
        if not got:
            raise EOFError
        self.held += got

    def take(self, size: int) -> bytes:
        while len(self.held) < size:
            self.more()
        taken, self.held = self.held[:size], self.held[size:]
        return taken

    def head(self) -> tuple[str, str, dict[str, str]]:
        while b"\r\n\r\n" not in self.held:
            self.more()
        head, self.held = self.held.split(b"\r\n\r\n", 1)
        first, *rest = head.decode("latin-1").split("\r\n")
        verb, target, _ = first.split(" ")
        return verb, target, {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in rest)}

    def upgrade(self, key: str) -> None:
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        self.sock.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )

    def message(self) -> bytes:
        """The next text message; control frames end the job."""
        one, two = self.take(2)
        if one & 15 not in (1, 2):
            raise EOFError
        size = two & 127
        if size == 126:
            (size,) = struct.unpack("!H", self.take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self.take(8))
        if not two & 128:
            return self.take(size)
        mask = self.take(4)
        return unmask(self.take(size), mask)


class Bare:
    """The listening socket and the orders that arrive, whichever way."""

    def __init__(self, orders: int = 0, by_socket: bool = True, gap_ms: float = 0.5) -> None:
        self.orders, self.by_socket, self.warm, self.gap_s = orders, by_socket, 50, gap_ms / 1_000
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.arrived: queue.SimpleQueue[int] = queue.SimpleQueue()

    def serve(self) -> None:
        while True:
            sock, _ = self.listener.accept()
            threading.Thread(target=self.one, args=(Peer(sock),), daemon=True).start()

    def one(self, peer: Peer) -> None:
        try:
            while True:
                verb, target, headers = peer.head()
                if verb == "POST":
                    body = peer.take(int(headers["content-length"]))
                    if target == "/exchange":
                        self.arrived.put(peer.stamp)
                    told = self.answer(target, body)
                    peer.sock.sendall(OK % len(told) + told)
                    continue
                peer.upgrade(headers["sec-websocket-key"])
                parts = urlsplit(target)
                options = {name: int(value[0]) for name, value in parse_qs(parts.query).items()}
                getattr(self, "job_" + parts.path.strip("/"))(peer, **options)
                return  # Closed at once: whoever waits for a closing handshake would wait for long.
        except (EOFError, OSError):
            pass
        finally:
            peer.sock.close()

    def job_burst(self, peer: Peer, n: int) -> None:
        """As fast as it can: 64 frames a write."""
        peer.message()
        bundle = frame(BBO % 1790358617881) * 64
        for _ in range(n // 64):
            peer.sock.sendall(bundle)
        peer.message()

    def job_paced(self, peer: Peer, n: int) -> None:
        """One after the other, with a pause that lets the reader fall asleep."""
        peer.message()
        one = frame(BBO % 1790358617881)
        for _ in range(n):
            time.sleep(0.0002)
            peer.sock.sendall(one)
        peer.message()

    def job_echo(self, peer: Peer, n: int) -> None:
        for _ in range(n):
            peer.sock.sendall(frame(peer.message()))
        peer.message()

    def job_ws(self, peer: Peer) -> None:
        """Subscriptions first, acknowledged; then frame out, order in, by WebSocket or by REST."""
        while True:
            message = json.loads(peer.message())
            if message["method"] == "subscribe":
                echo = json.dumps({"method": "subscribe", "subscription": message["subscription"]})
                peer.sock.sendall(frame(b'{"channel":"subscriptionResponse","data":%b}' % echo.encode()))
                if message["subscription"]["type"] == "bbo":
                    break
        time.sleep(0.3)
        print("ready", flush=True)
        took = []
        for number in range(self.warm + self.orders):
            time.sleep(self.gap_s)
            one = frame(BBO % int(time.time() * 1_000))
            begun = time.perf_counter_ns()
            peer.sock.sendall(one)
            if self.by_socket:
                got = peer.message()
                arrived = peer.stamp
                told = (json.loads(got)["id"], RESTING)
                peer.sock.sendall(
                    frame(b'{"channel":"post","data":{"id":%d,"response":{"type":"action","payload":%b}}}' % told)
                )
            else:
                arrived = self.arrived.get(timeout=30)
            if number >= self.warm:
                took.append(arrived - begun)
        print(json.dumps(took), flush=True)
        while True:  # Until the other side is gone: what ends a connection is not measured here.
            peer.more()

    def answer(self, path: str, body: bytes) -> bytes:
        if path == "/exchange":
            return RESTING
        asked = json.loads(body)
        if asked["type"] == "exchangeStatus":
            return b'{"time":%d,"specialStatuses":null}' % int(time.time() * 1_000)
        return json.dumps(INFOS.get(asked["type"], {"role": "user"} | ROLES.get(asked.get("user"), {}))).encode()


if __name__ == "__main__":
    bare = Bare(int(sys.argv[1]), sys.argv[2] == "socket", float(sys.argv[3])) if len(sys.argv) > 1 else Bare()
    print(bare.listener.getsockname()[1], flush=True)
    bare.serve()
