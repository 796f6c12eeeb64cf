"""What was sent is kept until it is settled; a refusal of one copy says nothing while another may still be executed."""

import pytest

from mm.exchange.hyperliquid.encode import Signed
from mm.exchange.hyperliquid.limits import Need
from mm.exchange.hyperliquid.link_held import Held, Post, Posts
from mm.protocol import ActionError, Done, Garbled, ItemError, Outcome, Resting

REFUSED = (ActionError("Too many cumulative requests sent (9 > 8)"),)
DUPLICATE = (ActionError("Invalid nonce: duplicate nonce 5"),)


def signed(nonce: int = 5, *, expires_ms: int | None = 1_000, to_noop: bool = False) -> Signed:
    return Signed(nonce, b"{}", 1, Need.ORDINARY, expires_ms, to_noop)


def holding(copies: int = 1) -> Held:
    held = Held(3)
    held.keep(signed())
    for _ in range(copies - 1):
        held.copy(5)
    return held


def test_an_answer_settles() -> None:
    for outcomes in ((Resting(1),), (ItemError("x"),), (Done(), ItemError("y")), REFUSED, DUPLICATE):
        held = holding()
        assert held.answered(5, outcomes) == outcomes
        assert held.get(5) is None


def test_what_is_garbled_settles_nothing() -> None:
    held = holding()
    assert held.answered(5, (Garbled("?"),)) == (Garbled("?"),)
    assert held.get(5) is not None


@pytest.mark.parametrize(
    "refused", [REFUSED, (ItemError("Only post-only orders allowed"),), (ItemError("x"), ItemError("y"))]
)
def test_a_refusal_proves_nothing_while_a_copy_is_on_its_way(refused: tuple[Outcome, ...]) -> None:
    held = holding(2)
    (told,) = held.answered(5, refused)
    assert isinstance(told, Garbled) and "copy" in told.text
    assert held.get(5) is not None
    assert held.answered(5, refused) == refused
    assert held.get(5) is None


def test_what_was_executed_or_is_spent_settles_whatever_copies_there_are() -> None:
    for outcomes in ((Resting(1),), (ItemError("x"), Resting(1)), DUPLICATE):
        held = holding(3)
        assert held.answered(5, outcomes) == outcomes
        assert held.get(5) is None
        assert held.answered(5, DUPLICATE) == DUPLICATE


def test_a_copy_that_never_left_is_no_copy() -> None:
    held = holding(2)
    held.never_left(5)
    assert held.answered(5, REFUSED) == REFUSED
    held = holding()
    held.never_left(5)
    assert held.get(5) is None
    held.never_left(5)


def test_noops_are_not_held_and_what_expired_makes_room() -> None:
    held = Held(2)
    held.keep(signed(1, to_noop=True))
    assert len(held) == 0
    held.keep(signed(1))
    held.keep(signed(2, expires_ms=None))
    assert held.full(61_000)
    assert not held.full(61_001)
    assert held.get(1) is None
    held.keep(signed(3))
    assert held.full(10**9)
    held.keep(signed(4))
    assert held.get(2) is None and len(held) == 2


def test_posts_have_numbers_of_their_own_and_end() -> None:
    posts = Posts()
    assert [posts.next_id(), posts.next_id()] == [1, 2]
    posts.add(1, Post(signed(), 100))
    posts.add(2, Post(signed(6), 200))
    assert posts.holds(5) and posts.holds(6) and not posts.holds(7)
    assert posts.expire(99) == 0 and posts.expire(100) == 1 and len(posts) == 1
    assert posts.take(1) is None and posts.take(None) is None
    assert posts.take(2) == Post(signed(6), 200) and posts.clear() == 0
    assert posts.next_id() == 3
