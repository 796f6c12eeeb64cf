"""`mm.__all__`: sorted, complete, and every name that was promised."""

import types

import pytest

import mm
import mm._core
import mm.errors

# The names that stay: what users of the engine and of the client know them by.
PROMISED = {
    "Hyperliquid",
    "HyperliquidSync",
    "connect",
    "MAINNET",
    "TESTNET",
    "Engine",
    "Fill",
    "OrdStatus",
    "Order",
    "OrderState",
    "Position",
    "Side",
    "Tif",
}
PROMISED_OF_ENGINE = {
    *("add_pending_with_cloid", "finalize_pending_by_cloid", "pre_register_immediate_fill"),
    *("get_immediate_fill_remaining", "process", "process_batch", "process_ws", "initiate_cancel"),
    *("on_cancel_success", "on_cancel_error", "on_modify_success", "on_modify_error", "get_order", "get_by_cloid"),
    *("get_all_by_side", "position", "worst_long", "worst_short", "proven_until", "digest", "next_deadline", "tick"),
}


def public(module: types.ModuleType) -> set[str]:
    """What a module shows that is not a module itself."""
    return {name for name, value in vars(module).items() if name[0] != "_" and not isinstance(value, types.ModuleType)}


def test_sorted_and_without_repetition() -> None:
    assert list(mm.__all__) == sorted(set(mm.__all__))


def test_every_name_listed_is_there() -> None:
    assert not [name for name in mm.__all__ if not hasattr(mm, name)]


def test_every_public_name_is_listed() -> None:
    assert not public(mm) - set(mm.__all__)


def test_every_error_is_exported() -> None:
    errors = public(mm.errors)
    assert len(errors) > 10
    assert not errors - set(mm.__all__)


def test_all_of_the_extension_is_exported() -> None:
    names = public(mm._core)
    assert names, "the extension is empty"
    assert not names - set(mm.__all__)


def test_the_promised_names() -> None:
    assert not PROMISED - set(mm.__all__)


def test_the_promised_methods() -> None:
    assert not PROMISED_OF_ENGINE - set(dir(getattr(mm._core, "Engine", None)))


def test_the_client_is_looked_up_when_it_is_asked_for() -> None:
    late = {"Hyperliquid", "HyperliquidSync", "MAINNET", "NewOrder", "Policy", "TESTNET", "connect"}
    assert late <= set(dir(mm))
    assert not late & vars(mm).keys()
    with pytest.raises(AttributeError, match="no attribute 'Hyperliqiud'"):
        getattr(mm, "Hyperliqiud")  # noqa: B009
