"""Plans of a small video: what they are, what giving way would buy, and what happens when time is over."""

import math
import subprocess
import sys
from contextlib import suppress

import highspy
import msgspec
import pytest

from murakkab_optimizer.hardware import Cluster, DeviceType, Offer
from murakkab_optimizer.planner.assign import (
    Candidate,
    Limits,
    Need,
    Problem,
    Step,
    Undecided,
    greedy,
    relaxations,
    solve,
    violations,
)

GPU = DeviceType("A100", 2.0, spot=1.0, evictions_per_hour=6.0, idle_w=60, peak_w=400, server_size=1)
CPU = DeviceType("cpu", 0.05, kind="cpu")


def video(gpus=4, **limits):
    script = Step("script", 1, (Candidate("llm", 6.0, offer=1, devices=2),))
    shots = Step(
        "shots",
        12,
        (
            Candidate("small", 5.0, quality=0.6, power_w=250),
            Candidate("large", 20.0, quality=1.0, power_w=350),
            Candidate("large", 12.0, devices=2, quality=1.0, power_w=700),
        ),
        needs=(Need("script"),),
    )
    cluster = Cluster("test", (Offer(GPU, gpus, spot=False), Offer(CPU, 4, spot=False)))
    return Problem((script, shots), cluster, shown="shots", limits=Limits(**limits), objectives=("cost", "latency"))


def test_without_promises_the_cheapest_is_chosen():
    solution = solve(video())
    assert solution.assignment[1].candidate == 0
    assert solution.bound == pytest.approx(solution.outcome.cost_usd, rel=1e-3)


@pytest.fixture(scope="module")
def good():
    """The cheapest plan of high quality."""
    return solve(video(quality=0.9))


def test_a_promise_of_quality_asks_for_the_large_model(good):
    assert good.assignment[1].candidate > 0


def test_what_giving_way_would_buy_is_told_by_gain():
    problem = video(quality=0.9, latency_s=90.0)
    told = relaxations(problem, solve(problem))
    dropped = next(each for each in told if each.limit == "quality" and each.instead == 0)
    cheaper = solve(msgspec.structs.replace(problem, limits=Limits(latency_s=90.0)))
    assert dropped.value == pytest.approx(cheaper.outcome.cost_usd, rel=2e-3)
    assert [each.gain for each in told] == sorted((each.gain for each in told), reverse=True)
    assert all(each.gain > 0 for each in told)


def test_more_devices_are_told_where_they_are_short():
    problem = msgspec.structs.replace(video(gpus=2), objectives=("latency",))
    told = [each for each in relaxations(problem, solve(problem)) if each.limit == "devices"]
    assert [(each.offer, each.now) for each in told] == [(0, 2.0)] * 2
    assert math.inf in {each.instead for each in told}


def test_no_time_gives_the_greedy_plan_and_a_true_bound(good):
    solution = solve(video(quality=0.9), may_go_on=lambda: False)
    assert solution.method == "greedy"
    assert solution.bound <= good.outcome.cost_usd


def many(count):
    """A chain of steps that share models, with more columns than can be tried."""
    steps = []
    for index in range(count):
        made = tuple(
            Candidate(
                "common" if size == 2 else f"m{index}",
                (3 + index % 5) * quality / size**0.8,
                devices=size,
                quality=quality,
                power_w=300.0 * size,
                load_s=10.0,
            )
            for size in (1, 2, 4)
            for quality in (0.7, 0.8, 0.9, 1.0)
        )
        needs = (Need(f"s{index - 1}", whole=index % 3 == 0),) if index else ()
        steps.append(Step(f"s{index}", 6, made, needs))
    offers = (Offer(GPU, 200, spot=False), Offer(CPU, 4, spot=False))
    limits = Limits(latency_s=12.0 * count, quality=0.85**count)
    return Problem(tuple(steps), Cluster("test", offers), shown=f"s{count - 1}", limits=limits, objectives=("cost",))


def test_forty_steps_are_planned_within_their_promises_and_the_bound_is_below():
    problem, asked = many(40), iter(range(3000))
    solution = solve(problem, gap=0.05, may_go_on=lambda: next(asked, None) is not None)
    assert not list(violations(problem, solution.assignment, solution.outcome))
    assert 0 < solution.bound <= solution.outcome.cost_usd
    first = greedy(problem)
    assert first.outcome.cost_usd >= solution.bound
    assert solution.outcome.cost_usd <= first.outcome.cost_usd * (1 + 1e-9)


@pytest.fixture
def runs(monkeypatch):
    """What HiGHS is asked to solve: rows, and whether it presolves."""
    seen, real = [], highspy.Highs.run

    def run(self):
        seen.append((self.getNumRow(), self.getOptionValue("presolve")[1]))
        return real(self)

    monkeypatch.setattr(highspy.Highs, "run", run)
    return seen


@pytest.mark.parametrize("asks", [0, 30, 300, 1500, 2500])
def test_once_time_is_over_nothing_more_is_solved(runs, asks):
    problem, left = many(16), iter(range(asks))
    before = []

    def may_go_on():
        go_on = next(left, None) is not None
        before.extend([] if go_on or before else [len(runs)])
        return go_on

    with suppress(Undecided):
        relaxations(problem, solve(problem, may_go_on=may_go_on), may_go_on)
    assert before == [len(runs)]


def test_large_programs_are_not_presolved_for_that_cannot_be_interrupted(runs, monkeypatch):
    solve(many(1))
    assert {presolve for _, presolve in runs} == {"choose"}
    monkeypatch.setattr("murakkab_optimizer.planner.assign.sheet.LARGE", 0)
    runs.clear()
    solve(many(1))
    assert "off" in {presolve for _, presolve in runs}


def test_a_plan_without_a_search_loads_no_arrays():
    code = "import sys, murakkab_optimizer.planner.planning as p; print({'numpy', 'highspy'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


def test_no_time_and_no_plan_is_undecided():
    with pytest.raises(Undecided):
        solve(video(quality=0.9, cost_usd=1e-4), may_go_on=lambda: False)
