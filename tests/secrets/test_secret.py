"""A secret says nothing of itself, in any of the ways in which things are made to speak."""

import copy
import gc
import json
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from mm.errors import ConfigError
from mm.secrets import Secret
from tests.secrets.keys import CANARY, leaks


def test_it_shows_nothing() -> None:
    secret = Secret(CANARY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>8}", ascii(secret)]
    assert set(shown) == {"<secret>"}
    assert not leaks(repr([secret, {"key": secret}]))
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize(
    "way",
    [copy.copy, copy.deepcopy, pickle.dumps, json.dumps, bytes, iter, len, lambda secret: secret.__getstate__()],
)
def test_it_goes_nowhere(way: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError) as caught:
        way(Secret(CANARY))
    assert not leaks(str(caught.value))


def test_it_is_compared_with_nothing() -> None:
    one, other = Secret(CANARY), Secret(CANARY)
    assert one == one
    assert one != other
    assert one != CANARY
    assert len({one, other}) == 2


def test_it_is_wiped() -> None:
    held = bytearray(CANARY.encode())
    with Secret(held) as secret:
        assert secret.expose() is held
        assert secret.text() == CANARY
    assert held == b""
    assert secret.is_empty()
    held = bytearray(b"abc")
    view = memoryview(b"")
    del view
    Secret(held)
    gc.collect()
    assert held == b""


def test_white_space_around_it_is_not_part_of_it() -> None:
    secret = Secret(f" {CANARY}\r\n")
    assert secret.stripped().text() == CANARY
    assert secret.is_empty()


def test_text_that_is_none_is_refused_without_a_word_of_it() -> None:
    with pytest.raises(ConfigError) as caught:
        Secret(f"{CANARY}\ud800")
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    assert caught.value.__context__ is None
    assert not leaks("".join(told))


@pytest.mark.parametrize("value", [None, 5, 1.5, [1], True])
def test_what_is_neither_text_nor_bytes_is_no_secret(value: Any) -> None:
    with pytest.raises(TypeError):
        Secret(value)
