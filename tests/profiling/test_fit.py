"""The line through the samples of a configuration."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab.profiling.fit import fit, load_curve
from murakkab.profiling.messages import Sample
from murakkab_optimizer.profiles.nouns import LoadPoint

times = st.floats(1e-4, 10.0)


def sample(piece: int, units: float, seconds: float, first_s: float | None = None) -> Sample:
    return Sample(piece, units, seconds, seconds, seconds, first_s)


@given(fixed=times, unit=times, small=st.floats(0.5, 5), ratio=st.floats(1.6, 20))
@settings(max_examples=50)
def test_two_sizes_tell_what_a_task_takes_from_what_a_unit_takes(
    fixed: float, unit: float, small: float, ratio: float
) -> None:
    sizes = (small, small * ratio)
    found = fit([sample(n, units, fixed + units * unit) for n, units in enumerate(sizes)] * 3)
    assert found.fixed_s == pytest.approx(fixed, rel=1e-6, abs=1e-9)
    assert found.unit_s == pytest.approx(unit, rel=1e-6)
    assert found.spread_s == pytest.approx(0.0, abs=1e-9)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.1, 50), times), min_size=1, max_size=12))
@settings(max_examples=100)
def test_times_are_never_negative_and_never_all_zero(rows: list[tuple[int, float, float]]) -> None:
    units = {piece: size for piece, size, _ in rows}
    found = fit([sample(piece, units[piece], seconds) for piece, _, seconds in rows])
    assert min(found.fixed_s, found.unit_s, found.spread_s, found.fixed_spread_s) >= 0
    assert found.fixed_s + found.unit_s > 0


def test_pieces_of_one_size_go_by_the_unit() -> None:
    found = fit([sample(0, 1, 0.2), sample(1, 1, 0.4)])
    assert (found.fixed_s, found.unit_s) == (0.0, pytest.approx(0.3))


def test_larger_pieces_that_take_no_longer_go_by_the_task() -> None:
    found = fit([sample(0, 1, 0.4), sample(1, 10, 0.4)])
    assert (found.fixed_s, found.unit_s) == (0.4, 0.0)


def test_one_slow_repeat_moves_nothing() -> None:
    samples = [sample(0, 1, 0.1), sample(1, 10, 1.0)] * 4 + [sample(1, 10, 60.0)]
    assert fit(samples).unit_s == pytest.approx(0.1)


def test_the_first_item_is_that_of_the_smallest_piece() -> None:
    assert fit([sample(0, 1, 0.5, 0.2), sample(1, 10, 5.0, 0.9)]).first_s == 0.2
    assert fit([sample(0, 1, 0.5)]).first_s is None


def test_several_instances_do_more_together_and_each_takes_longer() -> None:
    assert load_curve(0.5, [(2, 1.25), (4, 2.0)]) == (LoadPoint(2.0, 0.5), LoadPoint(3.2, 0.625), LoadPoint(4.0, 1.0))


def test_a_machine_without_room_for_more_instances_has_one_point() -> None:
    assert load_curve(0.5, [(2, 2.1)]) == (LoadPoint(2.0, 0.5),)


def test_no_instance_is_faster_in_company() -> None:
    assert load_curve(0.5, [(2, 0.9)])[1] == LoadPoint(4.0, 0.5)
