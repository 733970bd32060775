"""Plans and bounds against all plans there are, on small random jobs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_optimizer.hardware import DeviceType, Offer
from murakkab_optimizer.planner.provision import (
    Entry,
    Goal,
    Instances,
    Job,
    NoProvisioningError,
    Option,
    Outcome,
    evaluate,
    plan_greedy,
    provision,
)
from murakkab_optimizer.planner.provision.evaluate import Group, model_time, outcome, rent

Small = tuple[Job, tuple[Offer, ...]]

seconds = st.floats(0.1, 20.0).map(lambda x: round(x, 2))


def test_a_mixture_of_groups_is_found_where_it_is_best() -> None:
    # the quick first chunk needs the large instance; the cheap work is done by small ones
    large = Entry("video", "fast", 4, 1.0, True, capacity=1.0, units=40, unit_s=4.0)
    small = Entry("video", "slow", 1, 30.0, True, capacity=0.4, units=40, unit_s=10.0)
    job = Job((Option({}, (large, small)),), 0.0)
    offers = (
        Offer(DeviceType("fast", 9.0, 9.0, server_size=4), 8),
        Offer(DeviceType("slow", 1.0, 1.0, server_size=2), 20),
    )
    found = provision(job, offers, Goal("cost", ttff_s=25.0), prove=True)
    assert {i.device for i in found.instances} == {"fast", "slow"}
    assert found.outcome.cost_usd == pytest.approx(best(job, offers, Goal("cost", ttff_s=25.0)).cost_usd, rel=1e-3)


@st.composite
def entries(draw: st.DrawFn, model: str, *, parallel: bool) -> list[Entry]:
    kinds = draw(
        st.lists(
            st.sampled_from([("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2)]), min_size=1, max_size=4, unique=True
        )
    )
    units, extra = draw(st.integers(1, 12)), draw(st.integers(0, 3))
    scale = draw(st.floats(0.5, 5))
    found = []
    for device, devices in kinds:
        first = draw(seconds)
        if not parallel:
            found.append(Entry(model, device, devices, first, time_all_s=draw(seconds)))
            continue
        unit, extra_unit = draw(seconds), draw(seconds)
        # either in step with the time of the work, as measured tables are, or not at all
        fair = scale / (units * unit + extra * extra_unit)
        capacity = draw(st.sampled_from([fair, draw(st.floats(0.1, 3))]))
        found.append(Entry(model, device, devices, first, True, 0.0, capacity, units, unit, extra, extra_unit))
    return found


@st.composite
def smalls(draw: st.DrawFn) -> Small:
    options = []
    for _ in range(draw(st.integers(1, 2))):
        names = [("script", False), ("video", True), ("sound", True)][: draw(st.integers(2, 3))]
        options.append(Option({}, tuple(e for name, parallel in names for e in draw(entries(name, parallel=parallel)))))
    job = Job(tuple(options), draw(st.floats(0, 60)))
    a = DeviceType("a", 2.0, draw(st.floats(0.5, 3)), server_size=draw(st.integers(1, 3)))
    b = DeviceType("b", 9.0, draw(st.floats(0.5, 9)), server_size=2)
    return job, (Offer(a, draw(st.integers(2, 4))), Offer(b, draw(st.integers(0, 2))))


def configurations(listed: list[Entry], offers: tuple[Offer, ...]) -> Iterator[list[Group]]:
    if not listed[0].parallel:
        yield from ([(entry, 1)] for entry in listed)
        return
    counts = {o.device.name: o.count for o in offers}
    ranges = [range(counts[e.device] // e.devices + 1) for e in listed]
    for numbers in itertools.product(*ranges):
        if any(numbers):
            yield [(e, n) for e, n in zip(listed, numbers, strict=True) if n]


def outcomes(job: Job, offers: tuple[Offer, ...]) -> Iterator[Outcome]:
    """Of every plan there is."""
    counts = {o.device.name: o.count for o in offers}
    for option in job.options:
        listed = [
            [(groups, model_time(groups), uses(groups)) for groups in configurations(e, offers)]
            for e in option.models().values()
        ]
        for combination in itertools.product(*listed):
            used = {d: sum(uses.get(d, 0) for _, _, uses in combination) for d in counts}
            if all(used[d] <= counts[d] for d in counts):
                rate = rent(offers, [group for groups, _, _ in combination for group in groups])
                yield outcome(job, sum(t for _, (t, _), _ in combination), sum(f for _, (_, f), _ in combination), rate)


def uses(groups: list[Group]) -> dict[str, int]:
    found: dict[str, int] = {}
    for entry, count in groups:
        found[entry.device] = found.get(entry.device, 0) + entry.devices * count
    return found


def best(job: Job, offers: tuple[Offer, ...], goal: Goal) -> Outcome | None:
    return min((o for o in outcomes(job, offers) if o.keeps(goal)), key=lambda o: o.value(goal), default=None)


@settings(max_examples=80)
@given(smalls(), st.sampled_from(["cost", "ttff"]), st.floats(1, 80), st.floats(0.001, 0.2), st.booleans())
def test_the_plan_is_the_best_of_all_and_the_bound_holds(
    small: Small, objective: str, ttff: float, cost: float, bounded: bool
) -> None:
    job, offers = small
    goal = Goal(objective, *((ttff, cost) if bounded else ()))  # type: ignore[arg-type]
    oracle = best(job, offers, goal)
    if oracle is None:
        with pytest.raises(NoProvisioningError):
            provision(job, offers, goal, prove=True)
        return
    found = provision(job, offers, goal, prove=True)
    value = oracle.value(goal)
    assert found.outcome == evaluate(job, job.options[found.option], offers, found.instances)
    assert found.outcome.keeps(goal)
    assert found.bound <= value * (1 + 1e-6)
    assert value * (1 - 1e-6) <= found.outcome.value(goal) <= value * 1.001


@settings(max_examples=40)
@given(smalls())
def test_the_greedy_plan_is_a_plan_and_not_better_than_the_bound(small: Small) -> None:
    job, offers = small
    goal = Goal("cost")
    try:
        greedy = plan_greedy(job, offers, goal)
    except NoProvisioningError:
        return
    assert greedy.outcome == evaluate(job, job.options[greedy.option], offers, greedy.instances)
    assert greedy.outcome.cost_usd >= provision(job, offers, goal, prove=True).bound * (1 - 1e-6)


def test_without_time_the_greedy_plan_comes_with_a_bound() -> None:
    work = Entry("video", "a", 1, 1.0, True, capacity=1.0, units=100, unit_s=1.0)
    job = Job((Option({}, (work,)),), 10.0)
    found = provision(job, (Offer(DeviceType("a", 1.0, 1.0), 32),), Goal("ttff"), may_go_on=lambda: False)
    assert found.instances == plan_greedy(job, (Offer(DeviceType("a", 1.0, 1.0), 32),), Goal("ttff")).instances
    assert 0 < found.bound <= found.outcome.ttff_s


def test_a_model_that_fits_nowhere_is_no_plan() -> None:
    work = Entry("video", "a", 9, 1.0, True, capacity=1.0, units=100, unit_s=1.0)
    with pytest.raises(NoProvisioningError, match="fits on none"):
        provision(Job((Option({}, (work,)),), 10.0), (Offer(DeviceType("a", 1.0, 1.0), 8),), Goal())


def test_a_bound_that_nothing_keeps_is_no_plan() -> None:
    work = Entry("video", "a", 1, 5.0, True, capacity=1.0, units=100, unit_s=1.0)
    with pytest.raises(NoProvisioningError, match="keeps what is asked"):
        provision(Job((Option({}, (work,)),), 10.0), (Offer(DeviceType("a", 1.0, 1.0), 8),), Goal("cost", ttff_s=4.0))


def test_instances_are_plain_data() -> None:
    assert Instances("video", "a", 2).count == 1
