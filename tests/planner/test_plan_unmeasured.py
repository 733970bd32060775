"""Models whose speed on an accelerator nobody knows are planned there where a node has no other way."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from murakkab.engine.lenient import in_turn
from murakkab.language import check_inputs, compile_graph, load_workflow
from murakkab_optimizer.catalog import Lighter, Needs
from murakkab_optimizer.graph import Slo, Where
from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.planner import NoPlanError, PlanRequest, plan_workflow
from murakkab_runtimes.catalog import load_catalog, load_profiles
from tests.planner.planning import CARDS, GPU, SPEEDS, machines, model, planned, show, told

ACCELERATED = machines(2, Offer(GPU, 2, spot=False))
UNKNOWN = [one for one in SPEEDS if one.model != "grand"]
NAMED = {"where": Where(model=("grand",))}
EXAMPLES = Path(__file__).parents[2] / "examples" / "disaggregated"


def test_a_model_that_is_named_is_planned_though_nobody_measured_it() -> None:
    for asked in ({"graph": show(speech=NAMED)}, {"graph": show(), "pins": {"speech": Pin("grand")}}):
        plan = planned(**asked, cluster=ACCELERATED, profiles=UNKNOWN)  # type: ignore[arg-type]
        spoken = plan.nodes["speech"]
        assert (spoken.chosen.model, spoken.chosen.device, spoken.chosen.devices) == ("grand", "G100", 1)
        assert spoken.provenance == "never measured"
        assert told(plan, "latency").note.startswith("never measured, counted as nothing: grand")
        assert any("murakkab profile grand measures it" in note for note in plan.notes)


@pytest.mark.parametrize("objective", ["quality", "latency", "cost"])
def test_it_is_not_taken_where_something_else_can_do_it(objective: str) -> None:
    slo = Slo(objective=(objective,))
    spoken = planned(show(slo), ACCELERATED, profiles=UNKNOWN).nodes["speech"]
    assert spoken.chosen.model in ("fine", "plain")
    assert ("grand", "no device here is known to run it") in spoken.alternatives
    either = {"where": Where(model=("grand", "plain"))}
    assert planned(show(slo, speech=either), ACCELERATED, profiles=UNKNOWN).nodes["speech"].chosen.model == "plain"


def test_where_its_speed_is_known_on_one_accelerator_it_does_not_go_to_another() -> None:
    other = msgspec.structs.replace(GPU, name="G24", reserved=0.1)
    both = machines(2, Offer(GPU, 1, spot=False), Offer(other, 1, spot=False))
    plan = planned(show(Slo(objective=("cost",)), speech=NAMED), both)
    assert plan.nodes["speech"].chosen.device == "G100"
    assert not any("nobody measured" in note for note in plan.notes)


def test_it_needs_an_accelerator_and_room_there() -> None:
    with pytest.raises(NoPlanError, match=r"'speech': grand can run on accelerators only, and it may use: cpu"):
        planned(show(speech=NAMED), machines(2), profiles=UNKNOWN)
    small = machines(2, Offer(msgspec.structs.replace(GPU, memory_mb=6000), 1, spot=False))
    with pytest.raises(NoPlanError, match="grand: it needs 8,000 MB and G100 has 6,000"):
        planned(show(speech=NAMED), small, profiles=UNKNOWN)
    light = (Lighter({"bits": 4}, Needs(1, 50, 4000), "a guess"),)
    card = model("grand", "text-to-speech", 1.0, gpu_mb=8000, knobs={"bits": 16}, lighter=light)
    cards = [card if one.name == "grand" else one for one in CARDS]
    spoken = planned(show(speech=NAMED), small, cards=cards, profiles=UNKNOWN).nodes["speech"]
    assert spoken.chosen.knobs == {"bits": 4}
    assert "since in its usual settings it needs 8,000 MB" in spoken.reason


def parts(name: str, accelerators: int) -> Plan:
    workflow = load_workflow(EXAMPLES / f"{name}.yaml")
    graph = compile_graph(workflow, check_inputs(workflow, {}))
    cluster = machines(2, Offer(GPU, accelerators, spot=False, together=1))
    make = in_turn if accelerators == 1 else plan_workflow
    return make(PlanRequest(graph, [*load_catalog().values()], load_profiles(), cluster))


@pytest.mark.parametrize("name", ["picture", "film"])
def test_a_model_in_three_parts_is_planned_on_three_accelerators_or_on_one_in_turn(name: str) -> None:
    apart, together = parts(name, 3), parts(name, 1)
    for plan in (apart, together):
        assert {(node.chosen.device, node.chosen.devices) for node in plan.nodes.values()} == {("G100", 1)}
    assert sum(group.count for group in apart.instances) == 3
    assert together.notes[-1].startswith("there is no room for all models at a time: they take turns")
