"""Settings are refused before anything is opened; what is plain goes no further than this machine."""

from typing import Any

import pytest

from mm.errors import ConfigError
from mm.exchange.hyperliquid.link_settings import MAINNET, TESTNET, Settings
from tests.link.venue import ACCOUNT


def made(**changed: Any) -> Settings:
    return Settings(**{"url": MAINNET, "account": ACCOUNT, **changed})


@pytest.mark.parametrize(
    ("url", "socket"),
    [
        (MAINNET, "wss://api.hyperliquid.xyz/ws"),
        (TESTNET + "/", "wss://api.hyperliquid-testnet.xyz/ws"),
        ("http://127.0.0.1:3001", "ws://127.0.0.1:3001/ws"),
        ("http://127.9.9.9:1", "ws://127.9.9.9:1/ws"),
        ("http://[::1]:8080", "ws://[::1]:8080/ws"),
        ("http://localhost:3001", "ws://localhost:3001/ws"),
    ],
)
def test_where_the_streams_are(url: str, socket: str) -> None:
    assert made(url=url).socket_url == socket
    assert made(url=url).secure == socket.startswith("wss")


@pytest.mark.parametrize(
    "url",
    [
        *("http://api.hyperliquid.xyz", "http://10.0.0.1", "http://127.0.0.1.evil.example", "http://localhost.example"),
        *("ftp://x", "", "api.hyperliquid.xyz", "https://", "https://user:pw@api.hyperliquid.xyz", "https://x:70000"),
        *("https://x/?a=1", "https://x/#a", "ws://127.0.0.1", None, 7, "http://0.0.0.0", "https://[::1", "https://x:0"),
    ],
)
def test_any_other_address_is_refused(url: object) -> None:
    with pytest.raises(ConfigError) as caught:
        made(url=url)
    assert caught.value.field == "url"


@pytest.mark.parametrize("account", ["", "0x12", "0x" + "g" * 40, "ab" * 20, None, "0x" + "ab" * 21, "0x" + "٣" * 40])
def test_an_account_is_an_address(account: object) -> None:
    with pytest.raises(ConfigError) as caught:
        made(account=account)
    assert caught.value.field == "account"


@pytest.mark.parametrize("field", ["account", "url"])
@pytest.mark.parametrize("key", ["ab" * 32, "0x" + "ab" * 32, "ftp://" + "ab" * 32])
def test_what_may_be_a_key_is_not_repeated(field: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(**{field: f"{key}?"})
    assert "abab" not in repr(caught.value)


def test_an_account_is_written_small() -> None:
    assert made(account=ACCOUNT.upper().replace("0X", "0x")).account == ACCOUNT


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("coins", ["BTC"]), ("coins", ("BTC", "BTC")), ("coins", ("",)), ("feeds", ("candles",)), ("dexs", (1,))),
        *(("silence_ms", 0), ("silence_ms", -1), ("silence_ms", True), ("silence_ms", 1.5), ("ping_every_ms", 2**50)),
        *(("facts_most", 0), ("stale_ms", {"bbo": 0}), ("stale_ms", {"xyz": 5}), ("held_most", "5")),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        made(**{field: value})
    assert caught.value.field == field


def test_settings_do_not_change() -> None:
    settings = made()
    with pytest.raises(AttributeError):
        settings.url = "http://127.0.0.1"  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.stale_ms["bbo"] = 1  # type: ignore[index]
