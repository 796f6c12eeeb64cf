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
from urllib.parse import parse_qs, urlsplit

BBO = (
    b'{"channel":"bbo","data":{"coin":"BTC","time":1790358617881,"bbo":[{"px":"83757.0","sz":"22.61305","n":81},'
    b'{"px":"83758.0","sz":"0.00016","n":1}]}}'
)
RESTING = b'{"status":"ok","response":{"type":"order","data":{"statuses":[{"resting":{"oid":41547028680}}]}}}'


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

    def __init__(self) -> None:
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
                    peer.take(int(headers["content-length"]))
                    self.arrived.put(peer.stamp)
                    peer.sock.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                        % (len(RESTING), RESTING)
                    )
                    continue
                peer.upgrade(headers["sec-websocket-key"])
                parts = urlsplit(target)
                options = {name: int(value[0]) for name, value in parse_qs(parts.query).items()}
                getattr(self, "job_" + parts.path.strip("/"))(peer, **options)
        except (EOFError, OSError):
            pass
        finally:
            peer.sock.close()

    def job_burst(self, peer: Peer, n: int) -> None:
        """As fast as it can: 64 frames a write."""
        peer.message()
        bundle = frame(BBO) * 64
        for _ in range(n // 64):
            peer.sock.sendall(bundle)
        peer.message()

    def job_paced(self, peer: Peer, n: int) -> None:
        """One after the other, with a pause that lets the reader fall asleep."""
        peer.message()
        one = frame(BBO)
        for _ in range(n):
            time.sleep(0.0002)
            peer.sock.sendall(one)
        peer.message()

    def job_echo(self, peer: Peer, n: int) -> None:
        for _ in range(n):
            peer.sock.sendall(frame(peer.message()))
        peer.message()

    def job_ws(self, peer: Peer, n: int = 0) -> None:
        """Frame out, order in, by WebSocket or by REST. The first message says how many and is a subscription."""
        first = json.loads(peer.message())
        n = n or int(first.get("n", 0)) or self.orders
        by_socket = self.by_socket
        peer.sock.sendall(
            b""
            if by_socket is None
            else frame(b'{"channel":"subscriptionResponse","data":' + json.dumps(first).encode() + b"}")
        )
        time.sleep(0.2)
        took = []
        one = frame(BBO)
        for _ in range(n):
            time.sleep(0.002)
            begun = time.perf_counter_ns()
            peer.sock.sendall(one)
            if by_socket:
                got = peer.message()
                took.append(peer.stamp - begun)
                number = json.loads(got)["id"]
                peer.sock.sendall(
                    frame(
                        b'{"channel":"post","data":{"id":%d,"response":{"type":"action","payload":%b}}}'
                        % (number, RESTING)
                    )
                )
            else:
                took.append(self.arrived.get(timeout=10) - begun)
        print(json.dumps(took), flush=True)

    orders = 1000
    by_socket: bool | None = True


if __name__ == "__main__":
    bare = Bare()
    if len(sys.argv) > 1:
        bare.orders, bare.by_socket = int(sys.argv[1]), sys.argv[2] == "socket"
    print(bare.listener.getsockname()[1], flush=True)
    bare.serve()
