"""What a fill did is told by an object of its own: one that nobody kept may be told anew, one that somebody has never is."""

# mypy: disable-error-code="comparison-overlap"
# A Decimal equals an int of the same value, in a tuple too; mypy sees the types only.

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import mm


def test_an_answer_that_is_kept_stays_what_it_was() -> None:
    engine = mm.Engine()

    def book(tid: int, start: str | None = None) -> mm.Applied:
        return engine.process("BTC", "B", "100", f"{tid}", 7, tid, 1_000 + tid, start)

    kept = [book(tid) for tid in range(1, 50)]
    assert [one.applied for one in kept] == list(range(1, 50))
    for tid in range(50, 100):
        assert book(tid).applied == tid
    again = book(1)
    assert (again.duplicate, again.applied) == (True, 0)
    assert [(one.applied, one.duplicate) for one in kept] == [(tid, False) for tid in range(1, 50)]
    assert len({id(one) for one in (*kept, again)}) == 50
    assert kept[0] == kept[0]
    assert kept[0] != kept[1]


def test_its_effects_are_those_of_its_fill_whenever_they_are_looked_at() -> None:
    engine = mm.Engine()

    def book(tid: int, start: str) -> mm.Applied:
        return engine.process("BTC", "B", "100", "1", 7, tid, 1_000 + tid, start)

    first = book(1, "0")
    broken = book(2, "5")
    after = book(3, "6")
    assert [type(effect) for effect in broken.effects if isinstance(effect, mm.Effect.Gap)] == [mm.Effect.Gap]
    assert broken.effects is broken.effects
    assert not [one for one in (first, after) for effect in one.effects if isinstance(effect, mm.Effect.Gap)]
    effects = book(4, "9").effects
    assert book(5, "10").effects != effects
    assert [effect.gap.missing for effect in effects if isinstance(effect, mm.Effect.Gap)] == [2]


def test_answers_of_many_threads_are_their_own() -> None:
    engine = mm.Engine()

    def fills(first: int) -> list[Decimal]:
        told = []
        for tid in range(first, first + 2_000):
            done = engine.process(f"C{first}", "B", "100", f"{tid}", first, tid, 1_000 + tid)
            told.append(done.applied)
        return told

    with ThreadPoolExecutor(4) as pool:
        firsts = range(10_000, 50_000, 10_000)
        assert list(pool.map(fills, firsts)) == [list(range(first, first + 2_000)) for first in firsts]
