"""Plans of a small video: what they are, what giving way would buy, and what happens when time is over."""

import math

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
    relaxations,
    solve,
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


def test_a_promise_of_quality_asks_for_the_large_model():
    assert solve(video(quality=0.9)).assignment[1].candidate > 0


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


def test_no_time_gives_the_greedy_plan_and_a_true_bound():
    solution = solve(video(quality=0.9), may_go_on=lambda: False)
    assert solution.method == "greedy"
    assert solution.bound <= solve(video(quality=0.9)).outcome.cost_usd


def test_no_time_and_no_plan_is_undecided():
    with pytest.raises(Undecided):
        solve(video(quality=0.9, cost_usd=1e-4), may_go_on=lambda: False)
