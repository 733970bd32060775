"""On an accelerator, what no run needs any more makes room for what is to be loaded, and nothing else does."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Edge, Graph, Node
from murakkab_optimizer.plan import Configuration, NodePlan, Plan
from murakkab_optimizer.scheduler import Event, Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.wanted import sizes_mb

SIZES = {"a": 500, "b": 400, "c": 300, "d": 700, "e": 600}


def steps(models: str, knobs: dict[str, Any] | None = None, of: str = "steps") -> tuple[Graph, Plan]:
    """A graph of steps, one after the other, each with a model of that letter, in settings that all have."""
    names = [f"n{number}" for number in range(len(models))]
    edges: list[tuple[Edge, ...]] = [(), *((Edge(name),) for name in names)]
    nodes = (Node(name, "work", {}, before) for name, before in zip(names, edges, strict=False))
    chosen = [Configuration(model, knobs or {}, Needs(1, 100, SIZES[model]), 1.0, "H100", 1) for model in models]
    planned = {name: NodePlan(one, "") for name, one in zip(names, chosen, strict=True)}
    return Graph(of, tuple(nodes)), Plan(planned)


class Card:
    """A worker with an accelerator of 1000 MiB.

    Attributes:
        said: what it was told: to load, to unload, or to start.
        loads: the settings of what it was told to load.

    """

    def __init__(self) -> None:
        self.scheduler = Scheduler(4)
        self.said: list[str] = []
        self.loads: list[dict[str, Any]] = []
        self.lease = ""
        self.tell(ev.WorkerJoined("w", room_mb=1000))

    def tell(self, event: Event) -> None:
        for command in self.scheduler.handle(event, 0.0):
            match command:
                case cmd.StartTask(lease, "w"):
                    self.said.append(f"start {command.configuration.model}")
                    self.lease = lease
                case cmd.UnloadModel("w", model):
                    self.said.append(f"unload {model}")
                case cmd.LoadModel("w", model, knobs):
                    self.said.append(f"load {model}")
                    self.loads.append(knobs)
                    self.tell(ev.ModelLoaded("w", model))

    def make(self, run: str, models: str, of: str = "steps") -> list[str]:
        """Make a run of steps and return what was said meanwhile."""
        before = len(self.said)
        self.tell(ev.RunSubmitted(run, *steps(models, of=of)))
        for _ in models:
            self.tell(ev.TaskFinished(self.lease, "value"))
        return self.said[before:]

    def expect(self, models: str, knobs: dict[str, Any] | None = None, of: str = "steps") -> list[str]:
        before = len(self.said)
        self.tell(ev.ModelsExpected(*steps(models, knobs, of)))
        return self.said[before:]


def test_what_no_run_needs_makes_room() -> None:
    card = Card()
    assert card.make("r1", "d") == ["start d"]
    assert card.make("r2", "c") == ["start c"]
    assert card.make("r3", "e") == ["unload d", "start e"]
    assert card.scheduler.workers()[0].models == {"c", "e"}


def test_what_a_run_needs_later_stays_whatever_was_used_last() -> None:
    assert Card().make("r", "abca") == ["start a", "start b", "unload b", "start c", "start a"]


def test_what_is_expected_stays_and_is_loaded_ahead_only_where_it_has_its_place() -> None:
    card = Card()
    assert card.expect("d") == ["load d"]
    assert card.expect("e", of="other") == []
    assert card.make("r", "e", of="other") == ["start e"]


def test_what_is_loaded_ahead_is_loaded_in_the_settings_of_its_plan() -> None:
    card = Card()
    assert card.expect("d", {"offload": "model"}) == ["load d"]
    assert card.expect("c", {"quantization": "int8"}) == ["load c"]
    assert card.loads == [{"offload": "model"}, {"quantization": "int8"}]


def test_what_the_latest_plan_of_an_expected_workflow_does_without_makes_room() -> None:
    card = Card()
    assert card.expect("d") == ["load d"]
    assert card.make("r1", "e") == ["unload d", "start e"]
    assert card.make("r2", "d", of="other") == ["start d"]


def test_what_was_let_go_of_is_loaded_ahead_when_it_is_asked_for_again() -> None:
    card = Card()
    card.make("r1", "d")
    card.make("r2", "e")
    before = list(card.said)
    card.tell(ev.WorkerJoined("other", models=()))
    assert card.said == before
    assert card.expect("d") == ["unload e", "load d"]


def test_what_a_worker_let_go_of_by_itself_is_not_counted_on() -> None:
    card = Card()
    card.make("r1", "c")
    card.tell(ev.RunSubmitted("r2", *steps("de")))
    assert card.scheduler.workers()[0].models == {"c", "d"}
    card.tell(ev.TaskFinished(card.lease, "value", left=("c", "never held")))
    assert card.said[-2:] == ["unload d", "start e"], "it is planned on as if it held d alone"
    card.tell(ev.TaskFailed(card.lease, "no room", left=("e",)))
    assert card.scheduler.workers()[0].models == set()


def test_what_a_load_ahead_drove_out_is_not_counted_on_nor_loaded_again_there() -> None:
    card = Card()
    card.make("r1", "b", of="other")
    card.scheduler.handle(ev.ModelsExpected(*steps("c")), 0.0)
    before = list(card.said)
    card.tell(ev.ModelLoaded("w", "c", left=("b",)))
    assert card.scheduler.workers()[0].models == {"c"}
    card.tell(ev.WorkerJoined("other", models=()))
    assert card.said == before
    assert card.expect("b", of="other") == ["load b"]


@settings(max_examples=30)
@given(st.lists(st.text("abcde", min_size=1, max_size=5), max_size=6))
def test_a_worker_is_never_given_more_than_has_room_but_for_what_its_run_needs(runs: list[str]) -> None:
    card = Card()
    for number, models in enumerate(runs):
        card.tell(ev.RunSubmitted(f"r{number}", *steps(models)))
        for made in range(len(models)):
            held = card.scheduler.workers()[0].models
            assert models[made] in held
            assert sum(SIZES[name] for name in held) <= 1000 or held <= set(models[made:])
            card.tell(ev.TaskFinished(card.lease, "value"))


def test_each_of_several_accelerators_of_a_worker_holds_a_whole_model() -> None:
    _, plan = steps("ad")
    both = {name: NodePlan(msgspec.structs.replace(one.chosen, devices=2), "") for name, one in plan.nodes.items()}
    assert sizes_mb(Plan(both)) == {"a": 500, "d": 700}
