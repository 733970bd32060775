"""Both formulations give what an enumeration of all fleets gives, on cases small enough for one."""

from __future__ import annotations

from itertools import combinations, product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_optimizer.hardware import Cluster, DeviceType, Offer
from murakkab_optimizer.planner.fleet import (
    ClassLoad,
    Demand,
    FleetCatalogue,
    FleetPlan,
    FleetSettings,
    Group,
    NoFleetError,
    RequestClass,
    Step,
    WorkflowConfiguration,
    plan_fleet,
)
from murakkab_optimizer.profiles import LoadPoint, Profile

MOST = 4
HEADROOM = 1.15
SHARE = 1200 / 3600
MODELS = ("small", "large")
Line = tuple[float, float, float]
"""``a x + b y <= c``."""


class Case(msgspec.Struct):
    """Two workflows, each with one class; two models, each on one type of device."""

    catalogue: FleetCatalogue
    cluster: Cluster
    demand: Demand
    before: tuple[int, int]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    tens = st.integers(1, 9).map(lambda n: 10.0 * n)
    profiles = tuple(
        Profile(model, "token", 0.1, device, draw(st.integers(1, 2)), fixed_s=0.5, load=(LoadPoint(draw(tens), 0.1),))
        for model, device in zip(MODELS, ("A", "B"), strict=True)
    )
    configurations = tuple(
        WorkflowConfiguration(
            workflow,
            f"{model} {size}",
            draw(st.integers(1, 9)) / 10,
            (Step("answer", model, "token", tokens := draw(tens), tokens / 2),),
        )
        for workflow in ("one", "two")
        for model in MODELS
        for size in range(2)
    )
    loads = tuple(
        ClassLoad(
            RequestClass(
                workflow,
                "only",
                draw(st.integers(0, 6)) / 10,
                draw(st.sampled_from([3.0, 6.0, 100.0])),
                draw(st.sampled_from(["quality", "latency"])),
            ),
            (draw(st.integers(1, 9)) / 10, draw(st.integers(1, 9)) / 10),
        )
        for workflow in ("one", "two")
    )
    offers = tuple(
        Offer(DeviceType(name, float(draw(st.integers(1, 5))), idle_w=0.0, peak_w=1.0), 100, spot=False)
        for name in ("A", "B")
    )
    before = draw(st.integers(0, MOST)), draw(st.integers(0, MOST))
    return Case(FleetCatalogue(configurations, profiles), Cluster("two", offers), Demand(loads), before)


def least_tokens(case: Case, load: int, group: int, *, repaired: bool) -> float | None:
    """Tokens of the cheapest configuration that a class may use on a group; None where there is none."""
    request, profile = case.demand.loads[load].request, case.catalogue.profiles[group]
    found = []
    for one in case.catalogue.configurations:
        step = one.steps[0]
        floor = request.quality if repaired or request.says == "quality" else 0.0
        bound = request.latency_s if repaired or request.says == "latency" else float("inf")
        seconds = profile.fixed_s + step.units * profile.load[0].unit_s
        coherent = step.model == profile.model or not repaired
        if one.workflow == request.workflow and one.quality >= floor and seconds <= bound and coherent:
            found.append(step.units / 2 if repaired else step.units)
    return min(found, default=None)


def fits(case: Case, counts: tuple[int, int], *, repaired: bool) -> bool:
    """Whether so many instances carry the load: x and y are the shares of the classes that go to the first group."""
    tokens = [[least_tokens(case, load, group, repaired=repaired) for group in (0, 1)] for load in (0, 1)]
    lines: list[Line] = [(-1, 0, 0), (1, 0, 1), (0, -1, 0), (0, 1, 1)]
    for load, (first, second) in enumerate(tokens):
        mine = (1.0, 0.0) if load == 0 else (0.0, 1.0)
        lines += [(*mine, 0.0)] if first is None else []
        lines += [(-mine[0], -mine[1], -1.0)] if second is None else []
    loads = case.demand.loads
    slots = [[HEADROOM * load.rates[t] for load in loads] for t in (0, 1)] if repaired else [[x.peak for x in loads]]
    for rates in slots:
        a, b = (rates[load] * (tokens[load][0] or 0.0) for load in (0, 1))
        c, d = (rates[load] * (tokens[load][1] or 0.0) for load in (0, 1))
        rate = [profile.load[0].rate for profile in case.catalogue.profiles]
        lines += [(a, b, counts[0] * rate[0]), (-c, -d, counts[1] * rate[1] - c - d)]
    return any(
        all(p * x + q * y <= r + 1e-7 for p, q, r in lines)
        for x, y in (corner(*pair) for pair in combinations(lines, 2))
    )


def corner(one: Line, other: Line) -> tuple[float, float]:
    """Where two lines meet; far away where they do not."""
    (a, b, c), (d, e, f) = one, other
    area = a * e - b * d
    return ((c * e - b * f) / area, (a * f - c * d) / area) if abs(area) > 1e-9 else (1e9, 1e9)


def rent(case: Case, counts: tuple[int, int]) -> float:
    each = [
        profile.devices * offer.price
        for profile, offer in zip(case.catalogue.profiles, case.cluster.offers, strict=True)
    ]
    return sum(count * price for count, price in zip(counts, each, strict=True))


def fleets(case: Case, *, repaired: bool) -> list[tuple[int, int]]:
    counts = product(range(4 * MOST), repeat=2)
    return [pair for pair in counts if fits(case, pair, repaired=repaired)]


def counted(plan: FleetPlan) -> tuple[int, int]:
    by_model = [sum(group.count for group in plan.groups if group.model == model) for model in MODELS]
    return round(by_model[0]), round(by_model[1])


@given(cases())
@settings(max_examples=20)
def test_the_literal_plan_is_the_cheapest_of_all(case: Case) -> None:
    known = fleets(case, repaired=False)
    if not known:
        with pytest.raises(NoFleetError):
            plan_fleet(case.demand, case.catalogue, case.cluster, formulation="literal")
        return
    plan = plan_fleet(case.demand, case.catalogue, case.cluster, formulation="literal")
    assert rent(case, counted(plan)) == pytest.approx(min(rent(case, pair) for pair in known), rel=1e-4)
    assert counted(plan) in known
    assert plan.cost_per_h == pytest.approx(rent(case, counted(plan)))


@given(cases())
@settings(max_examples=20)
def test_the_repaired_plan_is_the_cheapest_of_all_changes_included(case: Case) -> None:
    known = fleets(case, repaired=True)
    plan = plan_fleet(
        case.demand,
        case.catalogue,
        case.cluster,
        in_force=in_force(case),
        settings=FleetSettings(headroom=HEADROOM, levels=(1.0,)),
    )
    if not known:
        assert max(plan.turned_away) > 0
        return

    def price(pair: tuple[int, int]) -> float:
        changed = abs(pair[0] - case.before[0]), abs(pair[1] - case.before[1])
        return rent(case, pair) + SHARE * rent(case, changed)

    assert max(plan.turned_away) == 0
    assert price(counted(plan)) == pytest.approx(min(map(price, known)), rel=1e-3)
    assert counted(plan) in known


def in_force(case: Case) -> FleetPlan:
    """A plan with so many instances as ran before."""
    groups = tuple(
        Group(number, profile.model, profile.device, profile.devices, False, 1.0, 1.0, 1.0, float(count))
        for number, (profile, count) in enumerate(zip(case.catalogue.profiles, case.before, strict=True))
    )
    return FleetPlan("repaired", groups, (), (), 0.0, 0.0, 0.0, ())
