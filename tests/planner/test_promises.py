"""Promises and places: what the planner may choose from, what it says, and that it never breaks its word."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import OBJECTIVES, TIERS, Edge, Graph, Node, Slo, Where
from murakkab_optimizer.plan import NodePlan, Pin, Plan
from murakkab_optimizer.planner import Here, NoPlanError, plan_greedy
from murakkab_optimizer.planner.tiers import floor
from tests.planner.test_greedy import card

CARDS = [
    card("fine", "speak", 0.9, 0.4),
    card("plain", "speak", 0.6, 0.1),
    card("rough", "speak", 0.3, 0.02),
    card("other", "draw", 0.5, 0.2, "image"),
]
ABSENT = {"grand": "run: pip install grand"}


def plan(node: Node, slo: Slo | None = None, **more: object) -> Plan:
    return plan_greedy(Graph("g", (node,), slo=slo or Slo()), CARDS, 2, ABSENT, **more)


def chosen(node: Node, slo: Slo | None = None, **more: object) -> tuple[str, str]:
    made: NodePlan = plan(node, slo, **more).nodes[node.name]
    return made.chosen.model, made.reason


def speak(**more: object) -> Node:
    return Node("speech", "speak", **more)


@pytest.mark.parametrize(
    ("node", "slo", "model", "reason"),
    [
        (speak(slo=Slo(objective=("latency",))), Slo(), "rough", "the least work here, for latency"),
        (speak(), Slo(objective=("cost",)), "rough", "the least work here, for cost"),
        (speak(slo=Slo(quality="good")), Slo(), "fine", "keeps the promised quality good"),
        (
            speak(slo=Slo(quality="basic")),
            Slo(objective=("energy",)),
            "plain",
            "the least work here, for energy; keeps the promised quality basic",
        ),
        (
            speak(slo=Slo(objective=("latency",))),
            Slo(quality=0.5),
            "plain",
            "rough is rated 0.30, too low for the promised quality 0.5",
        ),
        (speak(slo=Slo(latency=0.6)), Slo(), "plain", "the best-rated one here; keeps the promised latency 0.6 s"),
        (speak(slo=Slo(latency="best")), Slo(), "rough", "keeps the promised latency best"),
        (speak(where=Where(model=("rough", "grand"))), Slo(), "rough", "asked for by where"),
        (speak(where=Where(device="cpu", spot=False)), Slo(), "fine", "the best-rated one here"),
    ],
)
def test_a_promise_or_a_place_decides_and_is_named(node: Node, slo: Slo, model: str, reason: str) -> None:
    assert chosen(node, slo) == (model, reason)


@pytest.mark.parametrize(
    ("node", "slo", "message"),
    [
        (speak(slo=Slo(quality=0.95)), Slo(), r"'speech' is promised quality 0.95; the best .* is fine with 0.90"),
        (speak(slo=Slo(latency=0.01)), Slo(), r"within 0.01 s; the fastest .*, rough, takes about 0.1 s"),
        (speak(where=Where(device="gpu")), Slo(), r"'speech' is to run on 'gpu'; here there is: cpu"),
        (speak(where=Where(region="eu")), Slo(), r"in 'eu'; this machine is in no region .*MURAKKAB_REGION"),
        (speak(where=Where(model=("grand",))), Slo(), r"'grand', which is not installed: run: pip install grand"),
        (speak(where=Where(model=("gross",))), Slo(), r"no model 'gross'; there are: fine, plain, rough"),
        (speak(), Slo(latency=0.01), r"all is promised within 0.01 s; the fastest models here take about 0.1 s"),
    ],
)
def test_what_cannot_be_kept_is_no_plan(node: Node, slo: Slo, message: str) -> None:
    with pytest.raises(NoPlanError, match=message):
        plan(node, slo)


def test_the_machine_counts() -> None:
    here = Here(("cpu", "gpu"), "eu", spot=True)
    assert chosen(speak(where=Where(device="gpu", region="eu")), here=here)[0] == "fine"
    with pytest.raises(NoPlanError, match="this machine is in 'eu'"):
        plan(speak(where=Where(region="us")), here=here)
    with pytest.raises(NoPlanError, match="can be taken away"):
        plan(speak(where=Where(spot=False)), here=here)


def test_a_pin_that_the_workflow_does_not_allow_is_refused() -> None:
    node = speak(where=Where(model=("plain", "rough")))
    assert chosen(node, pins={"speech": Pin("rough")})[0] == "rough"
    with pytest.raises(NoPlanError, match="is to use 'fine', and the workflow allows: plain, rough"):
        plan(node, pins={"speech": Pin("fine")})


def test_the_whole_is_made_faster_where_its_latency_is_promised() -> None:
    nodes = (speak(), Node("picture", "draw", edges=(Edge("speech"),)))
    graph = Graph("g", nodes, slo=Slo(latency=1.0))
    made = plan_greedy(graph, CARDS, 2)
    assert made.nodes["speech"].chosen.model == "plain"
    assert "more than the promised latency leaves" in made.nodes["speech"].reason
    assert made.notes == ("latency: about 0.7 s",)


def test_what_is_not_predicted_is_said() -> None:
    several = (Node("list", "draw", streams=True), speak(for_each="list", depth=1, edges=(Edge("list", 1),)))
    made = plan_greedy(Graph("g", several, slo=Slo(latency=5.0, cost=1.0)), CARDS, 2)
    assert made.notes == (
        "latency is not predicted: how often 'speech' runs is known only when it runs",
        "cost is not predicted: this machine has no price",
    )
    new = [card("new", "speak", 0.5)]
    made = plan_greedy(Graph("g", (speak(),), slo=Slo(latency=5.0)), new, 2)
    assert made.notes == ("latency is not predicted: new ('speech') was never measured",)


def test_an_evaluated_node_needs_no_model() -> None:
    graph = Graph("g", (Node("both", "", {"value": 1}), speak()))
    assert set(plan_greedy(graph, CARDS, 2).nodes) == {"speech"}


RATED = st.builds(
    lambda name, quality, seconds: card(name, "speak", quality, seconds),
    st.sampled_from("abcdefgh"),
    st.floats(0, 1),
    st.sampled_from([0.0, 0.01, 0.1, 1.0]),
)


@settings(max_examples=150, deadline=None)
@given(
    cards=st.lists(RATED, min_size=1, max_size=6, unique_by=lambda made: made.name),
    bounds=st.tuples(*[st.none() | st.floats(0, 1) | st.sampled_from(TIERS)] * 2),
    models=st.lists(st.sampled_from("abcdefgh"), max_size=3),
    pin=st.none() | st.sampled_from("abcdefgh"),
    objective=st.lists(st.sampled_from(OBJECTIVES), max_size=2),
    latency=st.none() | st.floats(0.01, 3),
)
def test_places_pins_and_promises_hold_or_there_is_no_plan(cards, bounds, models, pin, objective, latency) -> None:
    node = speak(
        where=Where(model=tuple(models)), slo=Slo(quality=bounds[0], latency=latency, objective=tuple(objective))
    )
    graph = Graph("g", (node,), slo=Slo(quality=bounds[1]))
    try:
        made = plan_greedy(graph, cards, 2, pins={"speech": Pin(pin)} if pin else None).nodes["speech"]
    except NoPlanError:
        return
    by_name: dict[str, ModelCard] = {made.name: made for made in cards}
    allowed = [c for c in cards if (not models or c.name in models) and (pin is None or c.name == pin)]
    choice = by_name[made.chosen.model]
    assert choice in allowed
    rated = [c.quality.value for c in allowed]
    assert choice.quality.value >= floor(bounds[0], rated) - 1e-9
    if not isinstance(bounds[1], str):
        assert choice.quality.value >= (bounds[1] or 0.0) * max(rated) - 1e-9
    if latency is not None and choice.measured:
        assert made.chosen.seconds <= latency + 1e-4
    assert {made.chosen.model, *(name for name, _ in made.alternatives)} == set(by_name)


def test_plans_are_kept_and_read_again() -> None:
    made = plan(speak(), Slo(cost=1.0))
    assert msgspec.json.decode(msgspec.json.encode(made), type=Plan) == made
