"""The plan of a run changes while its shots are made."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab_optimizer.graph import Path
from murakkab_optimizer.plan import Configuration, NodePlan, Plan, Rung
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from tests.simulator import generated
from tests.simulator.generated import DECODER, FILM, LIPS, RUNGS, TURN_S, on_cores

TURNS = 6
STAGES = ("film", "decode", "lips")


def planned(*rungs: Rung, choice: bool = True) -> Plan:
    """A plan that begins on the first of these rungs; without ``choice`` it has no other."""
    made = generated.plan()
    nodes = made.nodes | {node: NodePlan(one, "the only one") for node, one in rungs[0].nodes.items()}
    return msgspec.structs.replace(made, nodes=nodes, rungs=rungs if choice else ())


def drawn(name: str, pace: float, quality: float) -> Rung:
    """A rung that needs no accelerator."""
    nodes = {node: on_cores(f"{node} on cores", pace * TURN_S, detail=name) for node in STAGES}
    return Rung(name, nodes, quality, 3 * pace, dict.fromkeys(STAGES, pace), 3 * pace)


ON_CORES = (drawn("fine", 0.3, 0.7), drawn("fast", 0.1, 0.5))
PLANS = {
    "all": planned(*RUNGS),
    "short": planned(*RUNGS[2:]),
    "one": planned(RUNGS[1]),
    "none": planned(RUNGS[0], choice=False),
    "cores": planned(*ON_CORES),
    "still": planned(ON_CORES[1], choice=False),
}
USABLE = ("writer", "voice", "packer", *(f"{node} on cores" for node in STAGES), FILM, DECODER, LIPS)


class Made:
    """One run whose tasks are done in an order that is drawn, and that lasts until it ends."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self._draw = random.Random(seed)
        self._scheduler = Scheduler(8, rungs="top")
        self._open: list[ev.Event] = []
        self._timers: list[tuple[float, str]] = []
        self.now = 0.0
        self.workers: dict[str, tuple[str, ...]] = {}
        self.begun: list[cmd.StartTask] = []
        self.shots: dict[Path, cmd.MakeShot] = {}
        self.end: cmd.FinishRun | None = None
        self.join("cores", *(model for model in USABLE if model not in (FILM, DECODER, LIPS)))
        for model in (FILM, DECODER, LIPS):
            self.join(model, model)
        self.tell(ev.RunSubmitted("r", generated.show(TURNS), plan))

    def join(self, name: str, *models: str) -> None:
        for number in range(2):
            self.workers[f"{name} {number}"] = models
            self.tell(ev.WorkerJoined(f"{name} {number}", name, 4, models))

    def lose(self, name: str) -> None:
        """Both workers of a name are taken away, with what they are at."""
        for number in range(2):
            if self.workers.pop(f"{name} {number}", None) is not None:
                self.tell(ev.WorkerLost(f"{name} {number}", "taken away", blame=False))

    def change(self, plan: Plan) -> None:
        if self.end is None:
            self.tell(ev.PlanChanged("r", plan))

    def tell(self, event: ev.Event) -> None:
        self.now += 0.01
        for command in self._scheduler.handle(event, self.now):
            self._note(command)

    def step(self) -> bool:
        """Let one thing happen, or time pass; False where neither can."""
        if self._open:
            self.tell(self._open.pop(self._draw.randrange(len(self._open))))
        elif self._timers:
            at, name = self._timers.pop(0)
            self.now = max(self.now, at)
            self.tell(ev.TimerFired(name))
        else:
            return False
        return True

    def _note(self, command: cmd.Command) -> None:
        match command:
            case cmd.StartTask():
                assert command.configuration.model in self.workers[command.worker]
                self.begun.append(command)
                self._do(command)
            case cmd.MakeShot(path=path):
                self.shots[path] = command
            case cmd.LoadModel(worker, model):
                self._open.append(ev.ModelLoaded(worker, model))
            case cmd.SetTimer(name, at):
                self._timers = sorted([*self._timers, (at, name)])
            case cmd.FinishRun():
                self.end = command

    def _do(self, task: cmd.StartTask) -> None:
        if task.node == "script":
            for index in range(task.first_item, TURNS):
                self.tell(ev.ItemEmitted(task.lease, index, "item", {"seconds": TURN_S}))
        self._open.append(ev.TaskFinished(task.lease, "value", {"seconds": TURN_S}, task.configuration.seconds))

    def filmed(self) -> dict[Path, dict[str, Configuration]]:
        """By shot, how each stage was begun last."""
        found: dict[Path, dict[str, Configuration]] = {}
        for task in self.begun:
            if task.node in STAGES:
                found.setdefault(task.path, {})[task.node] = task.configuration
        return found


def play(made: Made, most: int = 2000) -> None:
    while made.end is None and most and made.step():
        most -= 1


def until(made: Made, node: str, path: Path) -> None:
    """Play until a task is begun."""
    while not any((task.node, task.path) == (node, path) for task in made.begun):
        assert made.step()


@pytest.mark.parametrize("then", ["short", "one", "none", "cores", "still"])
@pytest.mark.parametrize("first", ["all", "cores"])
@pytest.mark.parametrize("seed", range(3))
def test_a_run_ends_on_the_plan_that_it_was_given_last(first: str, then: str, seed: int) -> None:
    made = Made(PLANS[first], seed)
    until(made, "decode", (0,))
    begun = set(made.filmed())
    made.change(PLANS[then])
    for model in (DECODER, LIPS):
        made.lose(model)
        made.join(model, model)
    play(made)
    assert made.end is not None
    assert made.end.status == "succeeded", made.end
    later = [stages for path, stages in made.filmed().items() if path not in begun]
    assert later
    allowed = [rung.nodes for rung in PLANS[then].rungs]
    assert all(stages in (allowed or [{n: PLANS[then].nodes[n].chosen for n in STAGES}]) for stages in later)


def test_a_shot_that_was_begun_goes_on_without_a_model_that_nobody_has_any_more() -> None:
    made = Made(PLANS["all"], 0)
    until(made, "film", (0,))
    for model in (FILM, DECODER, LIPS):
        made.lose(model)
    made.change(PLANS["cores"])
    play(made)
    assert made.end is not None
    assert made.end.status == "succeeded", made.end
    assert made.shots[(0,)].reason == "the plan was changed"
    assert {one.model for shot in made.filmed().values() for one in shot.values()} == {
        f"{node} on cores" for node in STAGES
    }


def test_what_was_begun_stays_as_it_is_where_it_can() -> None:
    made = Made(PLANS["all"], 1)
    until(made, "lips", (0,))
    before = made.filmed()[(0,)]
    made.change(PLANS["one"])
    play(made)
    assert made.filmed()[(0,)] == before
    assert before["lips"].knobs == {"steps": 10}
    assert made.filmed()[(TURNS - 1,)]["lips"].knobs == {"steps": 5}


CHANGE = st.one_of(
    st.sampled_from(sorted(PLANS)).map(lambda name: ("plan", name)),
    st.tuples(st.sampled_from(("lose", "join")), st.sampled_from((FILM, DECODER, LIPS, "cores"))),
)


@given(st.sampled_from(sorted(PLANS)), st.lists(st.tuples(st.integers(0, 12), CHANGE), max_size=8), st.integers(0, 99))
def test_whatever_changes_every_shot_is_made_and_shown_once(
    first: str, changes: list[tuple[int, tuple[str, str]]], seed: int
) -> None:
    made = Made(PLANS[first], seed)
    for steps, (what, name) in changes:
        for _ in range(steps):
            made.step()
        match what:
            case "plan":
                made.change(PLANS[name])
            case "lose":
                made.lose(name)
            case _ if f"{name} 0" not in made.workers:
                made.join(name, *((name,) if name != "cores" else USABLE[:6]))
    for name in (FILM, DECODER, LIPS, "cores"):
        if f"{name} 0" not in made.workers:
            made.join(name, *((name,) if name != "cores" else USABLE[:6]))
    play(made)
    assert made.end is not None
    assert made.end.status == "succeeded", made.end
    done = Counter((task.node, task.path) for task in made.begun if task.lease)
    assert {place for place in done if place[0] in STAGES} == {(n, (turn,)) for n in STAGES for turn in range(TURNS)}
