"""The model itself: it is small enough to be believed, and these are the reasons to."""

# mypy: disable-error-code="comparison-overlap"
# A Decimal equals an int or a Fraction of the same value, in a tuple too; mypy sees the types only.

from fractions import Fraction
from itertools import permutations

import pytest

from tests.model.reference import (
    Answered,
    Atom,
    Bind,
    CancelAsked,
    Canceled,
    CancelFailed,
    Evidence,
    Intent,
    Refused,
    Seen,
    Silence,
    Stated,
    Trade,
)

F = Fraction
ORDER = Intent("a", "BTC", 1, F(100), F(1))
TRADES = [
    Trade("BTC", 1, 10 + n, 5, 1, F(100), sz, start, F(0), "USDC", False)
    for n, (sz, start) in enumerate([(F(4, 10), F(0)), (F(2, 10), F(4, 10)), (F(4, 10), F(6, 10))])
]


def test_order_and_repetition_are_of_no_account() -> None:
    atoms: list[Atom] = [Bind("a", 5), Answered(5, F(6, 10)), *TRADES]
    for one in permutations(atoms):
        evidence = Evidence([ORDER])
        for atom in (*one, *one):
            evidence.add(atom)
        assert (evidence.executed(5), evidence.position("BTC"), evidence.remaining(5)) == (1, 1, 0)
        assert evidence.states("a") == {"Filled"}


def test_executed_is_the_largest_of_the_three() -> None:
    evidence = Evidence([ORDER, Bind("a", 5), Answered(5, F(6, 10)), TRADES[0]])
    assert (evidence.executed(5), evidence.remaining(5), evidence.provisional("BTC")) == (F(6, 10), F(2, 10), F(2, 10))
    evidence.add(Stated(5, F(7, 10)))
    assert (evidence.executed(5), evidence.remaining(5)) == (F(7, 10), F(2, 10))


def test_a_counter_that_is_decremented_would_be_wrong() -> None:
    """What the model must tell apart: the naive program counts a trade that comes before the answer twice."""

    def naive(facts: tuple[Atom, ...]) -> Fraction:
        position = left = F(0)
        for fact in facts:
            if isinstance(fact, Answered):
                position, left = position + fact.amount, left + fact.amount
            elif isinstance(fact, Trade):
                skip = min(left, fact.sz)
                position, left = position + fact.sz - skip, left - skip
        return position

    facts: tuple[Atom, ...] = (Answered(5, F(6, 10)), *TRADES)
    ends = {naive(order) for order in permutations(facts)}
    assert len(ends) > 1
    for order in permutations(facts):
        assert Evidence([ORDER, Bind("a", 5), *order]).executed(5) == 1


@pytest.mark.parametrize(
    ("atoms", "states"),
    [
        ([], {"Pending", "Unknown"}),
        ([Silence("a")], {"Unknown"}),
        ([Refused("a")], {"Rejected"}),
        ([Bind("a", 5), Seen("a")], {"Resting"}),
        ([Bind("a", 5), Answered(5, F(1, 2))], {"PartialFilled"}),
        ([Bind("a", 5), Answered(5, F(1))], {"FilledImmediately"}),
        ([Bind("a", 5), Stated(5, F(1))], {"Filled"}),
        ([Bind("a", 5), Seen("a"), CancelAsked("a", 1)], {"CancelPending"}),
        ([Bind("a", 5), TRADES[0], CancelAsked("a", 1)], {"CancelPending"}),
        ([Bind("a", 5), CancelAsked("a", 1), *TRADES], {"FilledDuringCancel"}),
        ([Bind("a", 5), Canceled("a")], {"CancelConfirmed", "Cancelled"}),
        ([Bind("a", 5), Canceled("a"), CancelAsked("a", 1), *TRADES], {"FilledDuringCancel"}),
    ],
)
def test_states(atoms: list[Atom], states: set[str]) -> None:
    assert Evidence([ORDER, *atoms]).states("a") == states


def test_an_error_to_a_cancel_closes_nothing() -> None:
    evidence = Evidence([ORDER, Bind("a", 5), Seen("a"), CancelAsked("a", 1), CancelFailed("a", 1)])
    assert not evidence.states("a") & {"Cancelled", "Filled", "Rejected"}


def test_a_line_of_legs() -> None:
    evidence = Evidence(
        [
            ORDER,
            Intent("b", "BTC", 1, F(101), F(1), replaces="a"),
            Refused("b"),
            Intent("c", "BTC", 1, F(102), F(1), replaces="a"),
            Intent("d", "BTC", 1, F(103), F(1), replaces="c"),
        ]
    )
    assert [leg.cloid for leg in evidence.line("a")] == ["a", "b", "c", "d"]
