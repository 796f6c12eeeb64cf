"""One record, field by field."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm.audit import fill
from mm.audit.fill import FieldError


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=12))
def test_an_amount_keeps_its_value_in_every_spelling(number: Decimal) -> None:
    for text in (str(number), f"{number:f}", f"{number:E}"):
        told = fill.decimal_text(text, "px")
        assert fill.PLAIN.fullmatch(told)
        assert Decimal(told) == number


@pytest.mark.parametrize("bad", [None, "", "abc", "1e999", "NaN", "Infinity", True, 1.5, [], "1" * 50, "0x10", "١٢"])
def test_what_is_no_amount_is_refused(bad: object) -> None:
    with pytest.raises(FieldError):
        fill.decimal_text(bad, "px")


@pytest.mark.parametrize(
    ("side", "fee", "token", "base"),
    [
        ("B", "0.5", "HYPE", "HYPE"),
        ("A", "-0.5", "HYPE", "HYPE"),
        ("A", "0.5", "USDC", None),
        ("B", "-0.5", "USDC", None),
        ("B", "0", "USDC", None),
        ("B", "0.5", "", None),
    ],
)
def test_the_base_token_shows_in_who_pays_what(side: str, fee: str, token: str, base: str | None) -> None:
    assert fill.base_token("@107", side, fee, token) == base
    assert fill.base_token("PURR/USDC", side, fee, token) == base
    assert fill.base_token("BTC", side, fee, token) is None, "a perpetual has none"


def test_an_address_is_compared_in_lower_case() -> None:
    assert fill.address("0xABC ") == "0xabc"
    assert fill.address("") is None
    with pytest.raises(FieldError):
        fill.address(7)
