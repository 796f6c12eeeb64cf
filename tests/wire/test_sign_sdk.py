"""Signatures beside those of the official SDK, by the hundred thousand in CI."""

import multiprocessing
import os
import random
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from types import ModuleType

import pytest

# In CI all of them: half a minute in two processes. At a desk fewer, and others each time.
COUNT = 100_000 if os.environ.get("CI") else 8_000
PROCESSES = 2
SEED = 3 if os.environ.get("CI") else random.SystemRandom().getrandbits(32)


@pytest.fixture(scope="module")
def pairs() -> ModuleType:
    pytest.importorskip(
        "hyperliquid.utils.signing", reason="the official SDK is not installed (hyperliquid-python-sdk)"
    )
    from tests.wire import sign_pairs

    return sign_pairs


def test_the_sdk_signs_with_libsecp256k1_here(pairs: ModuleType) -> None:
    # Else the comparison would take ten times as long: it is pure Python otherwise.
    wallet = pairs.eth_account.Account.from_key("0x" + "01" * 32)
    assert type(wallet._key_obj.backend).__name__ == "CoinCurveECCBackend"


def test_every_signature_is_that_of_the_sdk(pairs: ModuleType) -> None:
    each = COUNT // PROCESSES
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(pairs.run, SEED + n, each) for n in range(PROCESSES)]
        seen: Counter[str] = sum((future.result(timeout=600) for future in futures), Counter())
    assert seen.total() >= COUNT - PROCESSES, f"seed {SEED}"
    kinds = {make.__name__ for make in pairs.TRADING + pairs.RARE + pairs.OWN}
    user = {"approveAgent", "approveBuilderFee", "usdSend", "spotSend", "withdraw3", "usdClassTransfer"}
    assert seen.keys() == kinds | user, f"seed {SEED}"
