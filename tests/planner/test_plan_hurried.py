"""Plans that are made in a hurry say so, and are never worse than promised without a word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from murakkab_optimizer.graph import Slo
from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.planner import NoPlanError
from murakkab_optimizer.profiles import Profile
from tests.planner.planning import GPU, SPEEDS, machines, planned, show, told

CLUSTER = machines(2, Offer(GPU, 2, spot=False))


def hurried(slo: Slo) -> Plan:
    return planned(show(slo), CLUSTER, may_go_on=lambda: False)


def value(plan: Plan, name: str) -> float:
    predicted = told(plan, name).value
    assert predicted is not None
    return predicted


def test_what_a_descent_finds_keeps_the_promises_and_is_called_greedy() -> None:
    slo = Slo(ttff_s=0.6, quality=0.9, objective=("cost",))
    plan, best = hurried(slo), planned(show(slo), CLUSTER)
    assert (plan.method, best.method) == ("greedy", "exact")
    assert value(plan, "ttff") <= 0.6
    assert value(plan, "quality") >= 0.9
    assert value(plan, "cost") >= value(best, "cost") * (1 - 1e-4)


def test_where_nothing_was_found_in_time_the_plan_is_greedy_and_says_that_it_may_not_keep_the_promises() -> None:
    plan = hurried(Slo(cost=1e-9))
    assert plan.method == "greedy"
    assert set(plan.nodes) == {"script", "speech", "video", "package"}
    assert any("time was over before there was a plan that keeps all that is promised" in note for note in plan.notes)
    assert plan.instances == ()


def test_with_time_the_same_promise_is_proven_to_be_hopeless() -> None:
    with pytest.raises(NoPlanError, match=r"cost .* could be had"):
        planned(show(Slo(cost=1e-9)), CLUSTER)


def test_a_plan_that_was_found_in_time_says_nothing_of_a_hurry() -> None:
    plan = planned(show(Slo(cost=1.0)), CLUSTER)
    assert plan.method == "exact"
    assert not any("time was over" in note for note in plan.notes)


class Counted(list[Profile]):
    """Profiles that count how often they are gone through."""

    times = 0

    def __iter__(self) -> Iterator[Profile]:
        self.times += 1
        return super().__iter__()


def test_what_is_known_of_speeds_is_made_ready_once_for_all_that_is_tried() -> None:
    known, wishes = Counted(SPEEDS), {"slo": Slo(objective=("quality",))}
    with pytest.raises(NoPlanError):
        planned(show(Slo(cost=1e-9), speech=wishes), CLUSTER, profiles=known)
    assert known.times == 1
