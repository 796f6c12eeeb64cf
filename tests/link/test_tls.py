"""A certificate that nobody vouches for is refused on both ways, and no byte of a request leaves (reliability N13)."""

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from mm.errors import NotSent
from mm.exchange.hyperliquid.link_settings import Settings
from mm.exchange.hyperliquid.rest import Rest
from mm.exchange.hyperliquid.socket import connect
from tests.link.helpers import run
from tests.link.venue import ACCOUNT


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, signed by itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here to make a certificate with")
    place = tmp_path_factory.mktemp("tls") / "both.pem"
    made = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    made += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    subprocess.run([*made, "-keyout", place, "-out", place.with_suffix(".crt")], check=True, capture_output=True)
    place.write_bytes(place.read_bytes() + place.with_suffix(".crt").read_bytes())
    return place


async def asks(settings: Settings) -> None:
    rest = Rest(settings)
    try:
        await rest.post("/exchange", b"{}", 3_000)
    finally:
        await rest.close()


async def connects(settings: Settings) -> None:
    await connect(settings.socket_url, print, print, timeout_ms=3_000, most=1_000)


@pytest.mark.parametrize("way", ["rest", "socket"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_signed_by_itself_is_refused(certificate: Path, way: str, host: str) -> None:
    heard: list[bytes] = []

    async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1_000))
        writer.close()

    async def story() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # The server's own end of it.
        server = await asyncio.start_server(listens, "127.0.0.1", 0, ssl=context)
        settings = Settings(url=f"https://{host}:{server.sockets[0].getsockname()[1]}", account=ACCOUNT)
        with pytest.raises(NotSent, match=r"(?i)certificate"):
            await (asks(settings) if way == "rest" else connects(settings))
        server.close()

    run(story)
    assert not any(heard)
