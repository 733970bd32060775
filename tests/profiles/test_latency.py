"""Latency models recover known laws, extrapolate, stay sane on tiny tables and say how far they are off."""

import itertools
import math
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_optimizer.profiles.latency import LatencyModel, fit, tabulate

PIXELS = (76_800, 230_400, 921_600, 2_073_600, 3_686_400)


def diffusion(pixels, steps, devices=1, slow=1.0):
    return slow * (0.15 + 2e-7 * pixels + steps * (0.02 + 4e-7 * pixels + 6e-14 * pixels**2) / devices)


def images(noise=0.01, seed=0, names=("pixels", "steps", "devices", "device")):
    draw = random.Random(seed)
    work, count, parts, kind = names
    return [
        {
            work: pixels,
            count: steps,
            parts: devices,
            kind: device,
            "seconds": diffusion(pixels, steps, devices, slow) * math.exp(draw.gauss(0.0, noise)),
        }
        for pixels in PIXELS
        for steps in (1, 8, 50)
        for devices in (1, 2, 4)
        for device, slow in (("fast", 1.0), ("slow", 2.3))
    ]


def table(rows, names=("pixels", "steps", "devices"), kinds=("device",), **more):
    return tabulate(rows, "seconds", names, kinds, **more)


@pytest.fixture(scope="module")
def model():
    return fit(table(images()))


def test_held_out_configurations_are_predicted_near_the_noise(model):
    assert model.error.median < 0.02
    assert model.error.count == len(images())


def test_linear_scaling_is_far_worse_on_the_same_splits(model):
    assert model.linear_error.median > 5 * model.error.median


def test_the_largest_level_of_every_column_is_held_out_too(model):
    assert set(model.extrapolation) == {"pixels", "steps", "devices"}
    assert all(held.median < 0.15 for held in model.extrapolation.values())


def test_it_goes_on_beyond_the_measurements(model):
    wanted = {"pixels": 8_294_400, "steps": 100, "devices": 4, "device": "slow"}
    assert model.predict([wanted])[0] == pytest.approx(diffusion(8_294_400, 100, 4, 2.3), rel=0.25)


def test_repeats_are_one_configuration_and_their_spread_is_the_noise():
    rows = [{"pixels": 100, "seconds": seconds} for seconds in (0.9, 1.0, 30.0, 1.1, 1.0)]
    found = tabulate(rows, "seconds", ["pixels"])
    assert (len(found), found.seconds, found.runs) == (1, (1.0,), (5,))
    assert found.noise() == pytest.approx(0.1)


def test_columns_that_never_vary_or_say_the_same_do_not_matter(model):
    rows = [{**row, "copy": row["steps"], "one": 7, "name": f"{row['devices']} of them"} for row in images()]
    wide = fit(table(rows, ("pixels", "steps", "copy", "one", "devices"), ("device", "name")), validate=False)
    asked = [{**rows[7], "pixels": 500_000}]
    assert wide.predict(asked)[0] == pytest.approx(model.predict(asked)[0], rel=1e-3)


@settings(max_examples=1)
@given(st.randoms(use_true_random=False))
def test_order_of_rows_and_names_of_columns_do_not_matter(draw):
    rows, other = images()[::3], images(names=("a", "b", "c", "d"))[::3]
    draw.shuffle(other)
    one = fit(table(rows), validate=False)
    two = fit(table(other, ("a", "b", "c"), ("d",)), validate=False)
    asked = {"pixels": 1e6, "steps": 7, "devices": 2, "device": "slow"}
    renamed = dict(zip("abcd", asked.values(), strict=True))
    assert one.predict([asked]) == two.predict([renamed])


def test_a_store_can_keep_it(model):
    kept = msgspec.json.decode(msgspec.json.encode(model), type=LatencyModel)
    assert kept == model
    assert kept.predict(images()[:3]) == model.predict(images()[:3])


def test_an_outlier_does_not_bend_it(model):
    rows = images()
    rows[40] = {**rows[40], "seconds": rows[40]["seconds"] * 30}
    bent = fit(table(rows), validate=False)
    asked = [row for place, row in enumerate(images()) if place != 40]
    pairs = zip(bent.predict(asked), model.predict(asked), strict=True)
    assert sorted(abs(math.log(one / other)) for one, other in pairs)[len(asked) * 9 // 10] < 0.05


def test_a_kind_never_measured_lies_between_those_that_were(model):
    asked = {"pixels": 921_600, "steps": 20, "devices": 1}
    fast, new, slow = (model.predict([{**asked, "device": name}])[0] for name in ("fast", "new", "slow"))
    assert fast < new < slow


def test_zeros_are_work_too():
    rows = [{"chunk": c, "cached": k, "seconds": 1.0 + c + 0.5 * k} for c in (0, 1, 4, 16) for k in (0, 2, 8, 32)]
    found = fit(tabulate(rows, "seconds", ["chunk", "cached"]), validate=False)
    asked = [{"chunk": 0, "cached": 0}, {"chunk": 8, "cached": 0}, {"chunk": 8, "cached": 20}]
    assert found.predict(asked) == pytest.approx([1.0, 9.0, 19.0], rel=0.1)


LAWS = {
    "proportional": lambda work: 3e-6 * work,
    "fixed and proportional": lambda work: 0.4 + 3e-6 * work,
    "steeper than linear": lambda work: 1e-9 * work**1.5,
    "constant": lambda _: 0.7,
}


@pytest.mark.parametrize("sizes", [2, 3, 5])
@pytest.mark.parametrize("law", LAWS)
def test_few_sizes_of_one_machine(law, sizes):
    rows = [{"pixels": p, "seconds": LAWS[law](p)} for p in PIXELS[:sizes]]
    found = fit(tabulate(rows, "seconds", ["pixels"]))
    asked = (150_000, 8_294_400)
    for pixels, seconds in zip(asked, found.predict([{"pixels": p} for p in asked]), strict=True):
        assert LAWS[law](pixels) / 1.6 < seconds < LAWS[law](pixels) * 1.6


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 10**6), st.floats(1e-3, 1e3)), min_size=1, max_size=4), st.booleans())
def test_tiny_tables_give_positive_monotone_capped_predictions(points, known):
    rows = [{"work": work, "seconds": seconds} for work, seconds in points]
    found = fit(tabulate(rows, "seconds", ["work"], rising=["work"] if known else []), validate=False)
    asked = [10.0**power for power in range(9)]
    predicted = found.predict([{"work": work} for work in asked])
    assert all(0 < seconds < math.inf for seconds in predicted)
    up = [b >= a * (1 - 1e-9) for a, b in itertools.pairwise(predicted)]
    down = [b <= a * (1 + 1e-9) for a, b in itertools.pairwise(predicted)]
    assert all(up) if known else all(up) or all(down)
    assert predicted[-1] <= predicted[-2] * 10**2.001


def test_one_row_is_taken_as_it_is_and_scaled_where_an_exponent_is_given():
    row = {"pixels": 100_000, "device": "a", "seconds": 2.0}
    assert fit(tabulate([row], "seconds", ["pixels"], ["device"])).predict([{**row, "pixels": 300_000}]) == [
        pytest.approx(2.0)
    ]
    scaled = fit(tabulate([row], "seconds", ["pixels"], ["device"], exponents={"pixels": 1.0}))
    assert scaled.predict([{**row, "pixels": 300_000}]) == [pytest.approx(6.0)]
    assert scaled.error.median is None


def test_no_numeric_columns_give_the_median_of_each_kind():
    rows = [{"device": name, "seconds": seconds} for name, seconds in (("a", 1.0), ("b", 3.0), ("a", 1.2))]
    found = fit(tabulate(rows, "seconds", [], ["device"]), validate=False)
    assert found.predict([{"device": "a"}, {"device": "b"}]) == [pytest.approx(1.1), pytest.approx(3.0)]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "at least one"),
        ([{"seconds": 1.0}], "no column 'work'"),
        ([{"work": "many", "seconds": 1.0}], "'many' is not a number"),
        ([{"work": -1, "seconds": 1.0}], "not a number of 0 or more"),
        ([{"work": 1, "seconds": 0}], "more than 0"),
        ([{"work": 1, "seconds": "nan"}], "not a number of 0 or more"),
    ],
)
def test_bad_rows_are_refused_by_name(rows, says):
    with pytest.raises(ValueError, match=says):
        tabulate(rows, "seconds", ["work"])


def test_what_is_missing_in_a_question_is_named(model):
    with pytest.raises(ValueError, match="steps"):
        model.predict([{"pixels": 1, "devices": 1, "device": "fast"}])
    with pytest.raises(ValueError, match="0 or more"):
        model.predict([{"pixels": math.nan, "steps": 1, "devices": 1, "device": "fast"}])
    assert model.predict([]) == []
