"""Online correction of profiles: robust to outliers, quick to follow a shift, and honest about drift."""

import math
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_optimizer.profiles.correction import WINDOW, Correction, drift, key, observe

SEEDS = st.integers(0, 10_000)


def after(ratios, start=None):
    correction = start or Correction()
    for ratio in ratios:
        correction = observe(correction, 2.0, 2.0 * ratio)
    return correction


def noisy(seed, count, middle=1.0, spread=0.05):
    draw = random.Random(seed)
    return [middle * math.exp(draw.gauss(0.0, spread)) for _ in range(count)]


def test_nothing_observed_changes_nothing():
    assert Correction().factor == 1.0
    assert drift(Correction()) is None


@settings(max_examples=40)
@given(SEEDS, st.integers(0, 60), st.sampled_from([10.0, 0.1, 1000.0]))
def test_one_outlier_moves_the_estimate_by_less_than_5_percent(seed, count, outlier):
    before = after(noisy(seed, count, spread=0.02))
    factor = after([outlier], before).factor / before.factor
    assert 1 / 1.05 < factor < 1.05


@settings(max_examples=40)
@given(SEEDS, st.sampled_from([2.0, 0.5]), st.integers(0, 50))
def test_a_shift_is_followed_within_15_observations(seed, shift, count):
    before = after(noisy(seed, count))
    assert after(noisy(seed + 1, 15, shift), before).factor == pytest.approx(shift, rel=0.1)


@settings(max_examples=20)
@given(SEEDS)
def test_scattered_outliers_do_not_carry_it_away(seed):
    draw = random.Random(seed)
    ratios = [ratio * (10.0 if draw.random() < 0.1 else 1.0) for ratio in noisy(seed, 200)]
    assert after(ratios).factor == pytest.approx(1.0, rel=0.25)


@settings(max_examples=20)
@given(SEEDS, st.floats(0.3, 3.0))
def test_only_ratios_matter(seed, scale):
    one, other = Correction(), Correction()
    for ratio in noisy(seed, 30):
        one, other = observe(one, 1.0, ratio), observe(other, scale, scale * ratio)
    assert one.factor == pytest.approx(other.factor)


def test_drift_is_reported_with_its_evidence():
    found = drift(after(noisy(1, WINDOW, 1.5)))
    assert found is not None
    assert found.ratio == pytest.approx(1.5, rel=0.05)
    assert found.low <= found.ratio <= found.high
    assert found.count == WINDOW
    assert "1.5" in str(found)


def test_no_drift_of_few_observations_or_small_shifts():
    assert drift(after(noisy(1, WINDOW - 1, 3.0))) is None
    assert drift(after(noisy(1, WINDOW, 1.15))) is None
    assert drift(after([1.0] * (WINDOW - 9) + [10.0] * 9)) is None


def test_faster_is_drift_too():
    found = drift(after(noisy(1, WINDOW, 0.6)))
    assert found is not None
    assert found.ratio < 1 / 1.25


@pytest.mark.parametrize("times", [(0.0, 1.0), (1.0, 0.0), (1.0, float("nan")), (float("inf"), 1.0), (1.0, -2.0)])
def test_impossible_seconds_are_refused(times):
    with pytest.raises(ValueError, match="positive and finite"):
        observe(Correction(), *times)


def test_a_store_can_keep_it():
    correction = after(noisy(3, 30))
    assert msgspec.json.decode(msgspec.json.encode(correction), type=Correction) == correction


def test_the_key_ignores_the_order_of_knobs():
    assert key("m", {"a": 1, "b": 2}, "cpu") == key("m", {"b": 2, "a": 1}, "cpu")
    assert key("m", {"a": 1}, "cpu") != key("m", {"a": 1}, "H100")
