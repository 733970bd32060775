"""How much there is to do: tasks and units of work before a run, and what is assumed in words."""

from __future__ import annotations

import pytest

from murakkab_optimizer.graph import Edge, Graph, Node, Slo
from murakkab_optimizer.planner.workload import OPENING_S, UNITS, workload
from tests.planner.planning import show


def test_the_length_of_the_show_gives_tasks_and_work() -> None:
    work = workload(show(duration=60))
    assert work.show_s == 60
    assert {name: node.tasks for name, node in work.nodes.items()} == {
        "script": 1,
        "speech": 12,
        "video": 12,
        "package": 48,
    }
    assert work.nodes["speech"].units("audio-second") == 5
    assert work.nodes["video"].units("frame") == 100
    assert work.nodes["video"].all_units("frame") == 60 * 20
    assert work.nodes["package"].units("clip") == pytest.approx(1.25 / 1.5)
    assert work.nodes["script"].all_units("word") == pytest.approx(60 * 2.6)
    assert work.nodes["script"].units("token") == pytest.approx(60 * 2.6 * 4 / 3)


def test_the_first_turn_is_short() -> None:
    work = workload(show())
    assert work.nodes["speech"].first * work.nodes["speech"].seconds == pytest.approx(OPENING_S)
    assert work.nodes["script"].first == 0
    assert "what is said first lasts 2.5 s" in work.defaults
    assert "a program writes the first words of 'script'" in work.defaults


def test_what_nobody_said_is_told() -> None:
    work = workload(show(duration=0))
    assert work.show_s == 60
    assert "the show, or the film, lasts 60 s" in work.defaults
    assert "'script' gives 12 items: a turn every 5 s" in work.defaults
    assert not any("lasts 60 s" in told for told in workload(show(duration=61)).defaults)


def loop() -> Graph:
    outer = Node("loop", "", {"value": 1}, streams=True, repeat=3, body=("loop.try", "loop.check"))
    tries = Node(
        "loop.try", "text-generation", {"candidates": 4, "words": 10}, (Edge("loop", 1),), "loop", streams=True, depth=1
    )
    check = Node("loop.check", "check", {}, (Edge("loop.try", 2),), "loop.try", depth=2)
    after = Node("after", "check", {}, (Edge("loop", 0, final=True),))
    return Graph("looping", (outer, tries, check, after))


def test_what_is_planned_counts_as_words_that_are_spoken() -> None:
    plan = Node("outline", "text-generation", {"form": "outline", "duration": 60}, streams=True)
    work = workload(Graph("g", (plan,))).nodes["outline"]
    assert work.units("word") == 3 * 15
    assert work.units("audio-second") == pytest.approx(45 / 2.6)


def test_a_loop_makes_all_its_rounds() -> None:
    work = workload(loop())
    facts = {name: (node.tasks, node.rounds, node.items) for name, node in work.nodes.items()}
    assert facts == {"loop": (1, 1, 1), "loop.try": (1, 3, 4), "loop.check": (4, 3, 1), "after": (1, 1, 1)}
    assert work.nodes["loop.try"].units("word") == 40
    assert work.nodes["loop.check"].all_units("task") == 12
    assert "'loop' makes all its rounds: 3" in work.defaults


def test_a_text_that_is_known_is_counted() -> None:
    node = Node("say", "text-to-speech", {"text": "thirteen words " * 6 + "here"})
    assert workload(Graph("g", (node,))).nodes["say"].units("audio-second") == pytest.approx(5)
    unknown = Node("say", "text-to-speech", {"text": {"$node": "x", "path": []}})
    assert workload(Graph("g", (unknown,))).nodes["say"].units("audio-second") == pytest.approx(5)


def test_a_stream_of_unknown_things_has_a_few_items() -> None:
    nodes = (Node("list", "anything", streams=True), Node("each", "other", {}, (Edge("list", 1),), "list", depth=1))
    work = workload(Graph("g", nodes, slo=Slo(realtime=True)))
    assert work.nodes["each"].tasks == 5
    assert "a task of 'list' gives 5 items, since nobody says how many" in work.defaults


def test_the_catalogue_may_say_how_many_items_a_task_yields() -> None:
    def emitting(**said: float) -> Graph:
        emits = Node("list", "anything", {"duration": 60}, streams=True, **said)  # type: ignore[arg-type]
        return Graph("g", (emits, Node("each", "other", {}, (Edge("list", 1),), "list", depth=1)))

    eight, timed = workload(emitting(yields=8)), workload(emitting(yields_every_s=4.0))
    assert eight.nodes["each"].tasks == 8
    assert "a task of 'list' gives 8 items" in eight.defaults
    assert timed.nodes["each"].tasks == 15
    assert "'list' gives 15 items: one every 4 s" in timed.defaults


def test_units_that_nobody_knows_count_once_a_task() -> None:
    work = workload(show()).nodes["speech"]
    assert work.units("sack") == 1
    assert all(work.units(unit) > 0 for unit in UNITS)
