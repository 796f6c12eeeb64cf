"""Asks the venue, and this machine, for the facts. Reads only: nothing is signed, and no action is sent.

Each request's weight (protocol 9.1) is counted before it goes, and none goes beyond `WEIGHT_MAX`: a look must not
take the minute away from a maker that runs on the same address.
"""

import asyncio
import errno
import os
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_address

import aiohttp
from yarl import URL

from mm.doctor.facts import LIMITED, Door, Facts, RunDir, Sample, Unread, Wanted, dex_of, dexes_of, is_spot, key
from mm.doctor.look import shown
from mm.doctor.watch import watch
from mm.errors import Refused, Unreadable
from mm.wire.reader import load

WEIGHT_MAX = 600
"""Half of what an IP may spend in a minute."""

WEIGHT: dict[str, int] = {
    "allMids": 2,
    "clearinghouseState": 2,
    "exchangeStatus": 2,
    "spotClearinghouseState": 2,
    "userRole": 60,
}
WEIGHT_OTHERWISE = 20

OKAY, TOO_MANY = 200, 429
NO_VENUE = tuple(f"HTTP {status}" for status in (404, 405, 501))
"""What a server that is no venue says to `/info`."""
NO_TLS = ("wrong version number", "http request", "record layer failure")
"""What OpenSSL says to an answer that is plain text."""

SAMPLES = 6
SAMPLE_PAUSE_S = 0.25
TIMEOUT_S = 5.0
CLOSE_S = 1.0
TLS_GOODBYE_S = 0.1
BODY_MAX = 8 << 20
"""Bytes of an answer: twenty times the largest that a reader of the venue has seen."""


def now_ms() -> int:
    """This machine's clock."""
    return time.time_ns() // 1_000_000


class Reader:
    """Asks `/info`, one request at a time, and keeps account of the weight."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = f"{url}/info"
        self.weight = 0
        self._is_limited = False
        self.answers: dict[str, object] = {}

    async def ask(self, kind: str, about: str = "", **more: object) -> object:
        """The answer, which is also kept under its key: JSON, or `Unread` with the reason."""
        answer = await self.fresh(kind, **more)
        self.answers[key(kind, about)] = answer
        return answer

    async def fresh(self, kind: str, **more: object) -> object:
        """The answer, which is not kept."""
        if self._is_limited:
            return Unread(LIMITED)
        weight = WEIGHT.get(kind, WEIGHT_OTHERWISE)
        if self.weight + weight > WEIGHT_MAX:
            return Unread(f"not asked: it would take more than {WEIGHT_MAX} of the minute's IP weight")
        self.weight += weight
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._post(kind, more)
        except TimeoutError:
            return Unread(f"no answer in {TIMEOUT_S:g} s")
        except (aiohttp.ClientError, OSError, ssl.SSLError) as error:
            return Unread(why(error))

    async def _post(self, kind: str, more: dict[str, object]) -> object:
        async with self._session.post(self._url, json={"type": kind, **more}, allow_redirects=False) as response:
            data = bytearray()
            async for chunk in response.content.iter_any():
                data += chunk
                if len(data) > BODY_MAX:
                    return Unread(f"the answer is longer than {BODY_MAX >> 20} MiB")
        if response.status == TOO_MANY:
            self._is_limited = True
            return Unread(LIMITED)
        if not data.strip() or data.lstrip().startswith(b"<"):
            status = "" if response.status == OKAY else f"HTTP {response.status}, "
            return Unread(f"{status}{'a page instead of JSON' if data.strip() else 'an empty answer'}")
        try:
            return load(bytes(data), kind, response.status).raw
        except (Refused, Unreadable) as error:
            return Unread(shown(error.reason))


async def gather(
    wanted: Wanted, watched_s: float, run_dir: Callable[[], RunDir | Unread | None] = lambda: None
) -> Facts:
    """Everything that can be read in about `watched_s` seconds and as many round trips as it takes.

    Raises nothing for what the venue or the network does: that is `Unread`, with the reason.
    """
    url = wanted.url.rstrip("/")
    local = run_dir()
    started = now_ms()
    tls = ssl.create_default_context()  # certificates are verified; nothing turns that off
    door = await _door(url, tls)
    if isinstance(door, Unread):
        return Facts(wanted=wanted, now_ms=started, door=door, run_dir=local)
    connector = aiohttp.TCPConnector(ssl=tls)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as session:
        reader = Reader(session, url)
        samples = await _samples(reader)
        refused = [
            one.answer.why for one in samples if isinstance(one.answer, Unread) and one.answer.why.startswith(NO_VENUE)
        ]
        if len(refused) == len(samples):
            door = Unread(f"what answers there is no Hyperliquid ({refused[0]})")
            return Facts(wanted=wanted, now_ms=started, door=door, run_dir=local, weight=reader.weight)
        dexes = await _dexes(reader, wanted)
        master = await _account(reader, wanted, dexes)
        await _markets(reader, wanted, dexes)
        coins = _listed(reader, wanted.coins)
        seen = None
        unnamed = "" if _is_named(reader.answers.get(key("extraAgents", master)), wanted.agent) else master
        if coins or unnamed:
            seen, state = await watch(session, url, coins, unnamed, watched_s)
            if unnamed:
                reader.answers[key("webData3", unnamed)] = state
    if door.tls:
        await asyncio.sleep(TLS_GOODBYE_S)  # the session is closed, its TLS connections a few rounds of the loop later
    return Facts(
        wanted=wanted,
        now_ms=now_ms(),
        door=door,
        samples=samples,
        answers=reader.answers,
        feed=seen if wanted.coins else None,
        run_dir=local,
        weight=reader.weight,
    )


async def _door(url: str, tls: ssl.SSLContext) -> Door | Unread:
    """Opens a connection of its own and looks at it: TLS verified, as everywhere."""
    address = URL(url)
    host, port, is_tls = address.host or "", address.port or 0, address.scheme == "https"
    begun = time.monotonic_ns()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port, ssl=tls if is_tls else None)
    except TimeoutError:
        return Unread(f"no connection in {TIMEOUT_S:g} s")
    except (OSError, ssl.SSLError, UnicodeError) as error:
        return Unread(why(error))
    took = (time.monotonic_ns() - begun) // 1_000_000
    try:
        peer = writer.get_extra_info("peername")
        secured = writer.get_extra_info("ssl_object")
        return Door(
            connect_ms=took,
            is_loopback=bool(peer) and ip_address(peer[0]).is_loopback,
            tls=(secured.version() or "TLS") if secured else "",
            certificate_until_ms=_ends(secured.getpeercert()) if secured else None,
        )
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await writer.wait_closed()


def _ends(certificate: dict[str, object] | None) -> int | None:
    told = (certificate or {}).get("notAfter")
    if not isinstance(told, str):
        return None
    return int(datetime.fromtimestamp(ssl.cert_time_to_seconds(told), UTC).timestamp()) * 1_000


def why(error: BaseException) -> str:
    """A failure of the network in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError | aiohttp.ClientConnectorCertificateError):
        return f"the certificate is not to be trusted ({shown(str(getattr(error, 'verify_message', '') or error))})"
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "").replace("_", " ").lower()
        return "no TLS is spoken there" if reason in NO_TLS else shown(f"TLS failed: {reason or type(error).__name__}")
    if isinstance(error, OSError) and str(error).startswith("Multiple exceptions"):
        return "none of its addresses answers"
    if isinstance(error, OSError) and error.strerror:
        # What asyncio adds for programmers (`Connect call failed ('::1', 80)`) is not what the system says of it.
        is_system = (
            isinstance(error.errno, int) and error.errno in errno.errorcode and isinstance(error, ConnectionError)
        )
        return shown((os.strerror(error.errno) if is_system and error.errno else error.strerror).lower())
    return shown(f"{type(error).__name__}: {error}".rstrip(": "))


async def _samples(reader: Reader) -> tuple[Sample, ...]:
    """The venue's clock, several times; the time between is measured by a clock that never steps."""
    found: list[Sample] = []
    for turn in range(SAMPLES):
        if turn:
            await asyncio.sleep(SAMPLE_PAUSE_S)
        sent, begun = now_ms(), time.monotonic_ns()
        answer = await reader.fresh("exchangeStatus")
        found.append(Sample(sent, (time.monotonic_ns() - begun) // 1_000_000, answer))
        if isinstance(answer, Unread) and turn == 1:
            break  # twice is enough to be told no
    return tuple(found)


async def _dexes(reader: Reader, wanted: Wanted) -> set[str]:
    """The builders' dexes to be asked about: about one that there is not the venue answers with an error."""
    if not any(dex_of(coin) for coin in wanted.coins):
        return set()
    return dexes_of(wanted.coins, await reader.ask("perpDexs"))


async def _account(reader: Reader, wanted: Wanted, dexes: set[str]) -> str:
    """What is known about the key and the account. Gives the agent's master, or the empty text."""
    agent, account = wanted.agent, wanted.account
    master = ""
    if agent and agent != account:
        master = _master_in(await reader.ask("userRole", agent, user=agent))
        if master:
            await reader.ask("extraAgents", master, user=master)
    if not account:
        return master
    if account != master:
        await reader.ask("userRole", account, user=account)  # it costs 60: only where it says something new
    for dex in sorted({"", *dexes}):
        about: dict[str, object] = {"user": account, "dex": dex} if dex else {"user": account}
        await reader.ask("clearinghouseState", dex, **about)
        await reader.ask("openOrders", dex, **about)
    for kind in ("spotClearinghouseState", "userFees", "userRateLimit"):
        await reader.ask(kind, user=account)
    return master


def _master_in(role: object) -> str:
    """The master told by an answer to `userRole`, if it tells one; the checks complain about what is malformed."""
    data = role.get("data") if isinstance(role, dict) and role.get("role") == "agent" else None
    user = data.get("user") if isinstance(data, dict) else None
    return user.lower() if isinstance(user, str) else ""


def _is_named(agents: object, agent: str) -> bool:
    """Whether the list of named agents has it, so that the stream that tells the unnamed one need not be waited for."""
    rows = agents if isinstance(agents, list) else []
    return any(isinstance(row, dict) and str(row.get("address")).lower() == agent for row in rows)


def _listed(reader: Reader, coins: tuple[str, ...]) -> tuple[str, ...]:
    """The coins without those that the venue certainly does not have: asking for one may close the socket (protocol 1.2)."""
    kept = []
    dexes = {"", *dexes_of(coins, reader.answers.get("perpDexs"))}
    for coin in coins:
        if dex_of(coin) not in dexes:
            continue
        listing = reader.answers.get("spotMeta" if is_spot(coin) else key("meta", dex_of(coin)))
        universe = listing.get("universe") if isinstance(listing, dict) else None
        if not isinstance(universe, list) or any(isinstance(row, dict) and row.get("name") == coin for row in universe):
            kept.append(coin)
    return tuple(kept)


async def _markets(reader: Reader, wanted: Wanted, dexes: set[str]) -> None:
    """The lists and the mids of the dexes that the coins are of."""
    if any(not is_spot(coin) and not dex_of(coin) for coin in wanted.coins):
        dexes = {"", *dexes}
    spot = any(is_spot(coin) for coin in wanted.coins)
    if spot:
        await reader.ask("spotMeta")
    for dex in sorted(dexes):
        more: dict[str, object] = {"dex": dex} if dex else {}
        await reader.ask("meta", dex, **more)
    for dex in sorted(dexes | ({""} if spot else set())):
        more = {"dex": dex} if dex else {}
        await reader.ask("allMids", dex, **more)
