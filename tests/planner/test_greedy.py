"""The greedy planner: quality first, real time kept, and a reason for every choice."""

from __future__ import annotations

import msgspec
import pytest

from murakkab_optimizer.catalog import Measurement, ModelCard, Needs, Quality
from murakkab_optimizer.graph import Edge, Graph, Node, Slo
from murakkab_optimizer.plan import Pin
from murakkab_optimizer.planner import NoPlanError, plan_greedy


def card(name: str, capability: str, quality: float, seconds: float = 0.0, unit: str = "audio-second") -> ModelCard:
    measured = (Measurement(unit, seconds, 0.0, 5, "test", "2026-01-01"),) if seconds else ()
    return ModelCard(
        name, capability, "a", "d", "l", "s", quality=Quality(quality, "test"), measured=measured, needs=Needs(1, 50)
    )


def show(realtime: bool = True) -> Graph:
    return Graph(
        "show",
        (
            Node("script", "write", streams=True),
            Node("speech", "speak", edges=(Edge("script", 1),), for_each="script", depth=1),
            Node("video", "draw", {"fps": 20, "height": 360}, (Edge("speech", 1),), "speech", depth=1),
        ),
        slo=Slo(realtime=realtime),
    )


WRITER = card("writer", "write", 0.5)


def test_the_best_rated_model_is_taken_where_the_machine_keeps_up() -> None:
    cards = [
        WRITER,
        card("plain", "speak", 0.5, 0.01),
        card("fine", "speak", 0.9, 0.1),
        card("pen", "draw", 1, 0.01, "frame"),
    ]
    plan = plan_greedy(show(), cards, 2)
    assert plan.nodes["speech"].chosen.model == "fine"
    assert plan.nodes["speech"].reason == "the best-rated one here"
    assert dict(plan.nodes["speech"].alternatives) == {"plain": "rated 0.50 against 0.90"}


def test_a_model_that_would_miss_real_time_is_replaced_and_the_reason_says_so() -> None:
    cards = [
        WRITER,
        card("plain", "speak", 0.5, 0.01),
        card("slow", "speak", 0.9, 3.0),
        card("pen", "draw", 1, 0.01, "frame"),
    ]
    plan = plan_greedy(show(), cards, 2)
    assert plan.nodes["speech"].chosen.model == "plain"
    assert "slow would need 2.99 more cores" in plan.nodes["speech"].reason
    assert plan_greedy(show(realtime=False), cards, 2).nodes["speech"].chosen.model == "slow"


def test_a_join_that_falls_behind_alone_is_replaced_however_many_cores_there_are() -> None:
    script, speech, video = show().nodes
    ordered = Graph("show", (script, msgspec.structs.replace(speech, join="ordered"), video), slo=Slo(realtime=True))
    cards = [
        WRITER,
        card("plain", "speak", 0.5, 0.01),
        card("slow", "speak", 0.9, 1.5),
        card("pen", "draw", 1, 0.01, "frame"),
    ]
    chosen = plan_greedy(ordered, cards, 16).nodes["speech"]
    assert chosen.chosen.model == "plain"
    assert "slow would fall 0.50 s behind in each second of the show" in chosen.reason
    assert plan_greedy(show(), cards, 16).nodes["speech"].chosen.model == "slow"


def test_the_choice_that_saves_most_for_each_point_of_quality_is_lowered_first() -> None:
    cards = [
        WRITER,
        card("voice-1", "speak", 0.9, 0.9),
        card("voice-2", "speak", 0.8, 0.1),
        card("pen-1", "draw", 0.9, 0.045, "frame"),
        card("pen-2", "draw", 0.1, 0.001, "frame"),
    ]
    plan = plan_greedy(show(), cards, 2)
    assert plan.nodes["speech"].chosen.model == "voice-2"
    assert plan.nodes["video"].chosen.model == "pen-1"


def test_more_cores_allow_better_models() -> None:
    cards = [
        WRITER,
        card("plain", "speak", 0.5, 0.01),
        card("slow", "speak", 0.9, 1.5),
        card("pen", "draw", 1, 0.01, "frame"),
    ]
    assert [plan_greedy(show(), cards, n).nodes["speech"].chosen.model for n in (1, 2, 4)] == ["plain", "plain", "slow"]


def test_a_capability_without_a_model_names_the_node_and_what_is_lacking() -> None:
    with pytest.raises(NoPlanError, match=r"node 'speech' needs 'speak' and no model here can do that") as told:
        plan_greedy(show(), [WRITER], 2, {"big-voice": "run: pip install it"})
    assert told.value.lacking == "speak"


def test_a_pinned_model_is_used_even_where_it_is_too_slow() -> None:
    cards = [
        WRITER,
        card("plain", "speak", 0.5, 0.01),
        card("slow", "speak", 0.9, 3.0),
        card("pen", "draw", 1, 0.01, "frame"),
    ]
    plan = plan_greedy(show(), cards, 2, pins={"speech": Pin("slow")})
    assert plan.nodes["speech"].chosen.model == "slow"
    assert plan.nodes["speech"].reason == "asked for"


@pytest.mark.parametrize(
    ("pins", "message"),
    [
        ({"speach": Pin("plain")}, "no node 'speach'; there are: script, speech, video"),
        ({"speech": Pin("plane")}, "no model 'plane'; there are: plain"),
        ({"speech": Pin("big")}, "not installed: pip install big"),
        ({"speech": Pin(knobs={"speeed": 2})}, "plain has no knob 'speeed'"),
        ({"speech": Pin(knobs={"speed": "fast"})}, "'speed' of plain is 'fast'; it must be a number, such as 1"),
        ({"speech": Pin(knobs={"speed": True})}, "'speed' of plain is 'True'; it must be a number"),
    ],
)
def test_a_pin_that_cannot_be_met_says_what_can(pins: dict[str, Pin], message: str) -> None:
    plain = msgspec.structs.replace(card("plain", "speak", 0.5, 0.01), knobs={"speed": 1})
    cards = [WRITER, plain, card("pen", "draw", 1, 0.01, "frame")]
    with pytest.raises(NoPlanError, match=message):
        plan_greedy(show(), cards, 2, {"big": "pip install big"}, pins)


def test_a_model_that_passes_clips_on_is_not_used_behind_a_changed_node() -> None:
    same = msgspec.structs.replace(card("same", "draw", 1.0), passes=True)
    cards = [WRITER, card("plain", "speak", 0.5, 0.01), card("pen", "draw", 0.5, 0.01, "frame"), same]
    cards[1] = msgspec.structs.replace(cards[1], knobs={"speed": 1})
    assert plan_greedy(show(), cards, 2).nodes["video"].chosen.model == "same"
    pinned = plan_greedy(show(), cards, 2, pins={"speech": Pin(knobs={"speed": 2})})
    assert pinned.nodes["video"].chosen.model == "pen"
