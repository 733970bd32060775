"""When a change of the fleet has shots looked at again."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab_optimizer.scheduler.shift import SHIFT, Shift


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        (0, 1, True),
        (1, 0, True),
        (20, 19, True),
        (20, 21, True),
        (21, 20, False),
        (1000, 960, False),
        (1000, 950, True),
    ],
)
def test_a_twentieth_more_or_fewer_and_the_first_and_the_last(before: int, after: int, moved: bool) -> None:
    counts = Counter({"film": before})
    shift = Shift(counts.__getitem__)
    assert shift.moved({"film"}) is bool(before)
    counts["film"] = after
    assert shift.moved({"film"}) is moved
    assert not shift.moved({"film"})


def test_many_small_changes_are_one_large_one() -> None:
    counts = Counter({"film": 100})
    shift = Shift(counts.__getitem__)
    shift.moved({"film"})
    answers = []
    for _ in range(11):
        counts["film"] -= 1
        answers.append(shift.moved({"film"}))
    assert [index + 1 for index, one in enumerate(answers) if one] == [5, 10]


def test_workers_that_can_use_anything_count_as_well() -> None:
    counts = Counter({"": 2})
    shift = Shift(counts.__getitem__)
    assert shift.moved(None)
    assert not shift.moved(None)
    counts[""] = 0
    assert shift.moved(None)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 60)), max_size=30))
def test_shots_never_count_on_much_more_or_less_than_there_is(changes: list[tuple[str, int]]) -> None:
    counts, seen = Counter[str](), Counter[str]()
    shift = Shift(counts.__getitem__)
    for model, count in changes:
        counts[model] = count
        if shift.moved({model}):
            seen[model] = count
        assert abs(counts[model] - seen[model]) < max(SHIFT * seen[model], 1)
        assert bool(counts[model]) == bool(seen[model])
