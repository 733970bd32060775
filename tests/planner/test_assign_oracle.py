"""The planner against trying everything."""

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from murakkab_optimizer.planner.assign import Infeasible, evaluate, front, greedy, solve, violations
from tests.planner.assigning import FEW, MOST, OBJECTIVES, best, kept, problems, quick, relimit, size


def check_best(problem):
    """The plan keeps the limits, is the best one, and its bound is true; or there is none."""
    objective = problem.objectives[0]
    least = best(problem, objective)
    if least is None:
        with pytest.raises(Infeasible):
            solve(problem)
        return
    solution = solve(problem)
    assert not list(violations(problem, solution.assignment, solution.outcome))
    assert evaluate(problem, solution.assignment) == solution.outcome
    value = solution.outcome.value(objective)
    assert least - 1e-9 * max(1, least) <= value <= least * (1 + 1.1e-4) + 1e-8
    assert solution.bound <= least + 1e-9 * max(1, least)
    assert value - solution.bound <= 1.1e-4 * value + 1e-8


@quick(20)
@given(problems())
def test_the_plan_is_the_best_of_all(problem):
    assume(size(problem) <= FEW)
    check_best(problem)


@pytest.mark.soak
@settings(max_examples=6000)
@given(problems())
def test_the_plan_is_the_best_of_all_in_many_problems(problem):
    assume(size(problem) <= MOST)
    check_best(problem)


@quick(6)
@given(problems(most=2), st.permutations(OBJECTIVES))
def test_ties_are_broken_by_the_next_objective(problem, objectives):
    assume(size(problem) <= FEW)
    first, second = objectives[:2]
    ways = kept(problem)
    assume(ways)
    solution = solve(msgspec.structs.replace(problem, objectives=(first, second)), gap=1e-4)
    most = solution.outcome.value(first)
    assert most <= min(outcome.value(first) for _, outcome in ways) * (1 + 2e-4) + 1e-7
    least = min(outcome.value(second) for _, outcome in ways if outcome.value(first) <= most)
    assert solution.outcome.value(second) <= least * (1 + 2e-4) + 1e-7


@quick(10)
@given(problems())
def test_a_greedy_plan_keeps_the_limits(problem):
    assume(size(problem) <= MOST)
    solution = greedy(problem)
    if solution is None:
        return
    assert solution.outcome == evaluate(problem, solution.assignment)
    assert not list(violations(problem, solution.assignment, solution.outcome))


def hopeless(problem):
    """The problem with promises that nothing keeps."""
    outcomes = [outcome for _, outcome in kept(relimit(problem))]
    assume(outcomes)
    latency, cost = (min(o.latency_s for o in outcomes), min(o.cost_usd for o in outcomes))
    assume(latency > 0.1)
    assume(cost > 1e-4)
    return relimit(problem, latency_s=latency * 0.9, cost_usd=cost * 1.05), relimit(
        problem, latency_s=latency * 0.9, cost_usd=cost * 0.8
    )


@quick(5)
@given(problems(limited=False))
def test_what_could_be_promised_is_what_trying_everything_says(problem):
    assume(size(problem) <= FEW)
    one, both = hopeless(problem)
    with pytest.raises(Infeasible) as error:
        solve(one)
    nearest = error.value.nearest
    assert error.value.alone
    assert nearest["latency"] == pytest.approx(best(relimit(one, latency_s=float("inf")), "latency"), rel=1e-3)
    assert ("cost" in nearest) == (best(relimit(one, cost_usd=float("inf")), "cost") is not None)
    with pytest.raises(Infeasible) as error:
        solve(both)
    assert not error.value.alone
    wanted = both.limits
    outcomes = [outcome for _, outcome in kept(problem)]
    least = min(max(o.latency_s / wanted.latency_s - 1, 0) + max(o.cost_usd / wanted.cost_usd - 1, 0) for o in outcomes)
    values = error.value.nearest
    missed = values["latency"] / wanted.latency_s - 1 + values["cost"] / wanted.cost_usd - 1
    assert missed == pytest.approx(least, rel=1e-3, abs=1e-6)


@quick(8)
@given(
    problems(limited=False, most=3),
    st.sampled_from([("cost", "latency"), ("latency", "quality"), ("quality", "energy")]),
)
def test_points_of_the_front_are_not_beaten(problem, axes):
    assume(size(problem) <= FEW)
    check_front(problem, axes)


@pytest.mark.soak
@settings(max_examples=400)
@given(problems(), st.permutations(OBJECTIVES).map(lambda names: names[:2]))
def test_points_of_many_fronts_are_not_beaten(problem, axes):
    check_front(problem, axes)


def check_front(problem, axes):
    """No point of the front is beaten, and its ends are the extremes."""
    assume(size(problem) <= 1500)
    x, y = axes
    outcomes = [(outcome.value(x), outcome.value(y)) for _, outcome in kept(problem)]
    assume(outcomes)
    points = [(s.outcome.value(x), s.outcome.value(y)) for s in front(problem, x, y, 6)]
    assert points == sorted(points)
    assert points[0][0] == pytest.approx(min(a for a, _ in outcomes), rel=2e-4, abs=1e-6)
    assert points[-1][1] == pytest.approx(min(b for _, b in outcomes), rel=2e-4, abs=1e-6)
    for a, b in points:
        assert not any(c < a * (1 - 3e-4) - 1e-6 and d < b * (1 - 3e-4) - 1e-6 for c, d in outcomes)


@quick(4)
@given(
    problems(limited=False, most=2), st.sampled_from([("cost", "latency"), ("energy", "quality"), ("latency", "cost")])
)
def test_no_point_of_the_front_is_left_out(problem, axes):
    assume(size(problem) <= 60)
    x, y = axes
    outcomes = [(outcome.value(x), outcome.value(y)) for _, outcome in kept(problem)]
    assume(outcomes)
    found = [(s.outcome.value(x), s.outcome.value(y)) for s in front(problem, x, y, 40)]
    best = [point for point in outcomes if not any(a <= point[0] and b < point[1] for a, b in outcomes)]
    apart = (found[-1][0] - found[0][0]) / 39
    for a, b in best:
        assert any(c <= (a + apart) * (1 + 3e-4) + 1e-6 and d <= b * (1 + 3e-4) + 1e-6 for c, d in found)


FIELDS = {"ttff": "ttff_s", "latency": "latency_s", "cost": "cost_usd", "energy": "energy_wh", "quality": "quality"}


@pytest.mark.parametrize("name", FIELDS)
@quick(3)
@given(problem=problems(most=2))
def test_the_nearest_value_of_each_promise_is_what_trying_everything_says(problem, name):
    assume(size(problem) <= 30)
    check_nearest(problem, name)


@pytest.mark.soak
@settings(max_examples=600)
@given(problem=problems(), name=st.sampled_from(list(FIELDS)))
def test_the_nearest_values_of_many_promises_are_what_trying_everything_says(problem, name):
    check_nearest(problem, name)


def check_nearest(problem, name):
    """Where one promise is hopeless, the nearest value of it is the best that the others leave."""
    assume(size(problem) <= 600)
    free = relimit(problem, realtime=False, **{FIELDS[name]: 0.0 if name == "quality" else float("inf")})
    least = best(free, name)
    assume(least is not None)
    assume(least > 1e-3)
    hopeless = (1 - least) * 1.2 if name == "quality" else least * 0.8
    assume(0 < hopeless <= 1 or name != "quality")
    with pytest.raises(Infeasible) as error:
        solve(relimit(free, **{FIELDS[name]: hopeless}))
    assert error.value.alone
    nearest = 1 - error.value.nearest[name] if name == "quality" else error.value.nearest[name]
    assert nearest == pytest.approx(least, rel=1e-3, abs=1e-6)


@quick(6)
@given(problems(limited=False, shows=True))
def test_the_wait_without_real_time_is_what_trying_everything_says(problem):
    assume(size(problem) <= 600)
    strict = relimit(problem, realtime=True)
    waits = [outcome.ttff_s for _, outcome in kept(relimit(strict, ttff_s=1e12))]
    assume(waits)
    assume(not kept(strict))
    with pytest.raises(Infeasible) as error:
        solve(strict)
    assert error.value.nearest["realtime"] == pytest.approx(min(waits), rel=1e-3, abs=1e-6)
