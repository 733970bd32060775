"""What each hole of A.5 does to a plan, and that the repaired plan does not have it."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from murakkab_optimizer.hardware import CPU, Cluster, DeviceType, Offer
from murakkab_optimizer.planner.fleet import (
    ClassLoad,
    Demand,
    FleetCatalogue,
    FleetPlan,
    FleetSettings,
    NoFleetError,
    RequestClass,
    Step,
    WorkflowConfiguration,
    corrected,
    forecast,
    plan_fleet,
)
from murakkab_optimizer.profiles import LoadPoint, Profile


def model(name: str, rate: float = 100.0, unit_s: float = 0.1, device: str = "A", devices: int = 1) -> Profile:
    """A language model that does so many tokens a second."""
    return Profile(name, "token", unit_s, device, devices, load=(LoadPoint(rate, unit_s),))


def rated(workflow: str, of: str, tokens: float, quality: float = 1.0, **step: float) -> WorkflowConfiguration:
    return WorkflowConfiguration(workflow, f"{of} {tokens:g}", quality, (Step("answer", of, "token", tokens, **step),))  # type: ignore[arg-type]


def load(workflow: str, *rates: float, **promise: object) -> ClassLoad:
    return ClassLoad(RequestClass(workflow, "only", **promise), rates)  # type: ignore[arg-type]


def gpus(count: int = 1000, price: float = 1.0, name: str = "A") -> Offer:
    return Offer(DeviceType(name, price, idle_w=10.0, peak_w=100.0), count, spot=False)


def cores(count: int) -> Offer:
    return Offer(DeviceType(CPU, 0.0, kind="cpu", server_size=1), count, spot=False)


MACHINES = Cluster("a", (gpus(),))
EXACT = FleetSettings(headroom=1.0, levels=(1.0,))
RELAXED = FleetSettings(headroom=1.0, levels=(1.0,), whole=False)
SHARED = FleetCatalogue((rated("chat", "m", 50), rated("video", "m", 50)), (model("m"),))


def counts(plan: FleetPlan) -> dict[str, float]:
    found: dict[str, float] = {}
    for group in plan.groups:
        found[group.model] = found.get(group.model, 0.0) + group.count
    return found


@pytest.mark.parametrize(("formulation", "saved"), [("literal", 0.0), ("repaired", 0.5)])
def test_pooling_of_loads_that_alternate_saves_nothing_as_printed(formulation: str, saved: float) -> None:
    loads = load("chat", 9.0, 0.0), load("video", 0.0, 9.0)
    together, *apart = (
        plan_fleet(Demand(part), SHARED, MACHINES, formulation=formulation, settings=RELAXED).cost_per_h  # type: ignore[arg-type]
        for part in (loads, loads[:1], loads[1:])
    )
    assert 1 - together / sum(apart) == pytest.approx(saved, abs=1e-6)


def test_as_printed_video_goes_to_a_model_that_reads_text_only() -> None:
    catalogue = FleetCatalogue((rated("video", "sees", 50),), (model("sees"), model("reads", rate=400.0)))
    demand = Demand((load("video", 2.0),))
    assert counts(plan_fleet(demand, catalogue, MACHINES, formulation="literal")) == {"reads": 1}
    coherent = msgspec.structs.replace(EXACT, closed=frozenset("c"))
    assert counts(plan_fleet(demand, catalogue, MACHINES, formulation="literal", settings=coherent)) == {"sees": 1}
    assert counts(plan_fleet(demand, catalogue, MACHINES)) == {"sees": 2}


def test_as_printed_the_average_load_may_be_below_the_floor() -> None:
    good, poor = rated("chat", "m", 50, quality=0.9), rated("chat", "m", 10, quality=0.1)
    catalogue = FleetCatalogue((good, poor), (model("m"),))
    demand = Demand((load("chat", 2.0, quality=0.8),))
    qualities = {}
    for closed in ("", "d"):
        settings = FleetSettings(closed=frozenset(closed), routed="average")
        plan = plan_fleet(demand, catalogue, MACHINES, formulation="literal", settings=settings)
        qualities[closed] = {share.quality for share in plan.shares}
    assert qualities == {"": {0.1}, "d": {0.9}}
    assert {share.quality for share in plan_fleet(demand, catalogue, MACHINES).shares} == {0.9}


@pytest.mark.parametrize("says", ["quality", "latency"])
def test_only_the_repaired_plan_keeps_floor_and_bound_at_once(says: str) -> None:
    slow, poor = rated("chat", "m", 100, quality=0.9), rated("chat", "m", 10, quality=0.1)
    both = rated("chat", "m", 40, quality=0.5)
    catalogue = FleetCatalogue((slow, poor, both), (model("m"),))
    demand = Demand((load("chat", 1.0, quality=0.5, latency_s=5.0, says=says),))
    repaired = plan_fleet(demand, catalogue, MACHINES, settings=EXACT).shares
    assert [(share.quality, share.latency_s) for share in repaired] == [(0.5, pytest.approx(4.0))]
    literal = plan_fleet(demand, catalogue, MACHINES, formulation="literal", settings=EXACT, objective="quality").shares
    assert all(share.quality >= 0.5 if says == "quality" else share.latency_s <= 5 for share in literal)
    if says == "latency":
        assert literal[0].quality == 0.1


LISTENING = WorkflowConfiguration("video", "m", 1.0, (Step("listen", "stt", "task"), Step("answer", "m", "token", 50)))
TOOLS = FleetCatalogue((LISTENING,), (model("m"), Profile("stt", "task", 0.0, CPU, devices=8, fixed_s=20.0)))


def test_tools_are_on_the_critical_path_and_debaters_speak_side_by_side() -> None:
    machines = Cluster("a", (gpus(), cores(1000)))
    demand = Demand((load("video", 1.0),))
    assert plan_fleet(demand, TOOLS, machines, settings=EXACT).shares[0].latency_s == pytest.approx(25.0)
    assert plan_fleet(demand, TOOLS, machines, formulation="literal").shares[0].latency_s == pytest.approx(5.0)
    debate = FleetCatalogue((rated("video", "m", 10, width=4, calls=3),), (model("m"),))
    assert plan_fleet(demand, debate, machines, settings=EXACT).shares[0].latency_s == pytest.approx(3.0)
    assert plan_fleet(demand, debate, machines, formulation="literal").shares[0].latency_s == pytest.approx(12.0)


def test_a_bound_that_the_tools_break_is_seen() -> None:
    machines = Cluster("a", (gpus(), cores(1000)))
    demand = Demand((load("video", 1.0, latency_s=24.0, says="latency"),))
    assert plan_fleet(demand, TOOLS, machines, formulation="literal").shares
    assert plan_fleet(demand, TOOLS, machines, settings=EXACT).turned_away == (1.0,)


def test_cores_are_a_resource() -> None:
    machines = Cluster("a", (gpus(), cores(80)))
    demand = Demand((load("video", 1.0),))
    plan = plan_fleet(demand, TOOLS, machines, settings=EXACT)
    assert plan.turned_away == (pytest.approx(0.5),)
    assert plan.cores == pytest.approx(80)
    assert plan_fleet(demand, TOOLS, machines, formulation="literal").cores == pytest.approx(160)
    settings = FleetSettings(closed=frozenset("h"))
    with pytest.raises(NoFleetError, match="do not carry the peak"):
        plan_fleet(demand, TOOLS, machines, formulation="literal", settings=settings)


def test_a_node_may_run_on_cores_or_on_an_accelerator() -> None:
    quick = Profile("stt", "task", 2.0, "A", load=(LoadPoint(0.5, 2.0),))
    catalogue = FleetCatalogue(TOOLS.configurations, (*TOOLS.profiles, quick))
    demand = Demand((load("video", 1.0, latency_s=10.0),))
    plan = plan_fleet(demand, catalogue, Cluster("a", (gpus(), cores(1000))), settings=EXACT)
    assert counts(plan) == {"m": 1, "stt": 2}
    assert plan.shares[0].latency_s == pytest.approx(7.0)


def test_every_node_has_a_model_of_its_own() -> None:
    steps = Step("write", "large", "token", 100), Step("judge", "small", "token", 10)
    catalogue = FleetCatalogue(
        (WorkflowConfiguration("code", "mixed", 1.0, steps),), (model("large"), model("small", unit_s=0.01))
    )
    plan = plan_fleet(Demand((load("code", 1.0),)), catalogue, MACHINES, settings=EXACT)
    assert counts(plan) == {"large": 1, "small": 1}
    assert [plan.groups[g].model for g in plan.shares[0].groups if g is not None] == ["large", "small"]
    literal = plan_fleet(Demand((load("code", 1.0),)), catalogue, MACHINES, formulation="literal")
    assert len(counts(literal)) == 1


def test_a_tight_bound_lowers_the_operating_point() -> None:
    demand = [Demand((load("chat", 8.0, latency_s=bound),)) for bound in (5.0, 4.0)]
    full, half = (plan_fleet(one, SHARED, MACHINES, settings=FleetSettings(headroom=1.0)) for one in demand)
    assert counts(full)["m"] < counts(half)["m"]
    assert half.groups[0].calls < full.groups[0].calls
    assert half.shares[0].latency_s <= 4.0


def test_a_change_that_pays_less_than_it_costs_is_not_made() -> None:
    machines = Cluster("two", (gpus(price=1.0), gpus(price=1.2, name="B")))
    catalogue = FleetCatalogue(SHARED.configurations, (model("m"), model("m", device="B")))
    demand = Demand((load("chat", 9.0),))
    dear = Cluster("one", (gpus(price=9.0), gpus(price=1.2, name="B")))
    before = plan_fleet(demand, catalogue, dear, settings=EXACT)
    assert before.accelerators == {"B": 5}
    assert plan_fleet(demand, catalogue, machines, settings=EXACT).accelerators == {"A": 5}
    assert plan_fleet(demand, catalogue, machines, settings=EXACT, in_force=before).accelerators == {"B": 5}
    quick = msgspec.structs.replace(EXACT, provision_s=0.0)
    assert plan_fleet(demand, catalogue, machines, settings=quick, in_force=before).accelerators == {"A": 5}


def test_the_warm_pool_is_as_large_as_one_workflow_needs() -> None:
    catalogue = FleetCatalogue((rated("chat", "m", 50), rated("video", "n", 50)), (model("m"), model("n", devices=2)))
    demand = Demand((load("chat", 8.0), load("video", 4.0)))
    spiked = msgspec.structs.replace(EXACT, spike=2.0)
    plan = plan_fleet(demand, catalogue, MACHINES, settings=spiked)
    assert [(one.device, one.count) for one in plan.warm] == [("A", 4)]
    assert plan.accelerators == {"A": 4 + 2 * 2 + 4}
    assert plan.cost_per_h == pytest.approx(12.0)
    assert plan_fleet(demand, catalogue, MACHINES, settings=EXACT).warm == ()


def test_more_than_the_cluster_carries_is_turned_away_or_has_no_solution() -> None:
    machines = Cluster("small", (gpus(2),))
    demand = Demand((load("chat", 8.0),))
    assert plan_fleet(demand, SHARED, machines, settings=EXACT).turned_away == (pytest.approx(0.5),)
    with pytest.raises(NoFleetError, match="do not carry the peak"):
        plan_fleet(demand, SHARED, machines, formulation="literal")
    with pytest.raises(NoFleetError, match="promise of 'chat/only'"):
        plan_fleet(Demand((load("chat", 1.0, quality=2.0),)), SHARED, machines, formulation="literal")


def test_the_cap_on_cost_holds() -> None:
    demand = Demand((load("chat", 8.0),))
    capped = msgspec.structs.replace(EXACT, cost_per_h=2.0)
    plan = plan_fleet(demand, SHARED, MACHINES, settings=capped)
    assert plan.cost_per_h <= 2.0
    assert plan.turned_away == (pytest.approx(0.5),)
    with pytest.raises(NoFleetError):
        plan_fleet(demand, SHARED, MACHINES, formulation="literal", settings=capped)


def test_objectives_differ() -> None:
    thrifty, cheap = gpus(price=5.0, name="B"), gpus(price=1.0)
    thrifty = msgspec.structs.replace(thrifty, device=msgspec.structs.replace(thrifty.device, idle_w=1.0, peak_w=2.0))
    catalogue = FleetCatalogue(
        (rated("chat", "m", 50, quality=0.5), rated("chat", "m", 60, quality=0.9)), (model("m"), model("m", device="B"))
    )
    demand, machines = Demand((load("chat", 1.0),)), Cluster("two", (cheap, thrifty))
    for formulation in ("literal", "repaired"):
        cost, energy = (
            plan_fleet(demand, catalogue, machines, formulation=formulation, objective=goal)  # type: ignore[arg-type]
            for goal in ("cost", "energy")
        )
        assert (set(cost.accelerators), set(energy.accelerators)) == ({"A"}, {"B"})
    best = plan_fleet(demand, catalogue, machines, objective="quality")
    assert {share.quality for share in best.shares} == {0.9}


def test_the_same_devices_at_two_places_are_one_offer() -> None:
    machines = Cluster("two places", (gpus(2), gpus(2, price=3.0)))
    assert plan_fleet(Demand((load("chat", 8.0),)), SHARED, machines, settings=EXACT).turned_away == (0.0,)


def test_a_forecast_is_an_exponentially_weighted_mean() -> None:
    epochs = [Demand((load("chat", *rates),)) for rates in ((8.0, 0.0), (4.0, 2.0), (0.0, 3.0))]
    assert forecast(epochs).loads[0].rates == (3.0, 2.0)
    with pytest.raises(ValueError, match="at least one epoch"):
        forecast([])


def test_observed_speeds_correct_the_profiles_and_outliers_are_cut() -> None:
    once = corrected(SHARED, {0: 4.0}, weight=1.0).profiles[0]
    assert (once.unit_s, once.load[0].rate) == (pytest.approx(0.3), pytest.approx(100 / 3))
    half = corrected(SHARED, {0: 1.44}).profiles[0]
    assert half.unit_s == pytest.approx(0.12)
    demand = Demand((load("chat", 8.0),))
    slower = corrected(SHARED, {0: 2.0}, weight=1.0)
    assert counts(plan_fleet(demand, slower, MACHINES, settings=EXACT)) == {"m": 8}


def test_a_plan_can_be_written_and_read() -> None:
    plan = plan_fleet(Demand((load("chat", 8.0),)), SHARED, MACHINES)
    assert msgspec.json.decode(msgspec.json.encode(plan), type=FleetPlan) == plan


def test_the_solver_is_loaded_only_for_a_plan() -> None:
    code = "import sys, murakkab_optimizer.planner.fleet; print(sorted({'highspy', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
