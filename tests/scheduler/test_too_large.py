"""What does not fit into the memory of a device: its shot is made on a lower rung, and so are those behind it."""

from __future__ import annotations

from collections import deque

from murakkab_optimizer.scheduler import Command, Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from tests.simulator import filmed, generated

TURNS = 4


class Plant:
    """Does every task at once, but for those of a node with certain knobs: there is no memory for these."""

    def __init__(self, scheduler: Scheduler, node: str, knob: str, too_large: set[object]) -> None:
        self._scheduler, self._node, self._knob, self._too_large = scheduler, node, knob, too_large
        self._events: deque[ev.Event] = deque()
        self.shots: list[cmd.MakeShot] = []
        self.failed: list[cmd.StartTask] = []
        self.end: cmd.FinishRun | None = None

    def play(self, *events: ev.Event) -> None:
        self._events.extend(events)
        now = 0.0
        while self._events:
            now += 0.01
            for command in self._scheduler.handle(self._events.popleft(), now):
                self._note(command)

    def _note(self, command: Command) -> None:
        match command:
            case cmd.StartTask():
                self._do(command)
            case cmd.MakeShot():
                self.shots.append(command)
            case cmd.LoadModel(worker, model):
                self._events.append(ev.ModelLoaded(worker, model))
            case cmd.FinishRun():
                self.end = command

    def _do(self, task: cmd.StartTask) -> None:
        if task.node == self._node and task.configuration.knobs.get(self._knob) in self._too_large:
            self.failed.append(task)
            self._events.append(ev.TaskFailed(task.lease, "no room", retry=False, memory=True))
            return
        clips = 1 if "detail" in task.configuration.knobs else 0
        for index in range({"script": TURNS, "film": clips}.get(task.node, 0)):
            self._events.append(ev.ItemEmitted(task.lease, index, "item", {"seconds": 5.0}))
        self._events.append(ev.TaskFinished(task.lease, "value", {"seconds": 5.0}, 0.01))


def film(too_large: set[object]) -> Plant:
    plant = Plant(Scheduler(2, rungs="top"), "film", "detail", too_large)
    joined = [ev.WorkerJoined(f"w{number}") for number in range(2)]
    plant.play(*joined, ev.RunSubmitted("r", filmed.show(TURNS), filmed.plan()))
    return plant


def test_a_shot_that_does_not_fit_is_made_on_the_next_rung_that_is_made_otherwise() -> None:
    plant = film({"fine"})
    assert plant.end is not None
    assert plant.end.status == "succeeded"
    last = {shot.path: shot.rung for shot in plant.shots}
    assert last == {(index,): "normal" for index in range(TURNS)}
    assert plant.shots[0].rung == "fine"
    eased = [shot for shot in plant.shots if shot.reason == "more does not fit into the memory of the device"]
    assert [shot.path for shot in eased[:1]] == [(0,)]


def test_no_later_shot_is_tried_as_the_one_that_did_not_fit() -> None:
    plant = film({"fine", "normal"})
    begun = [task.configuration.knobs["detail"] for task in plant.failed]
    assert begun == sorted(begun)  # fine, then normal
    assert {shot.rung for shot in plant.shots[-2:]} == {"fast"}
    assert len(begun) <= 4  # both workers may be at it when it is found out


def test_a_run_fails_where_nothing_smaller_is_left() -> None:
    plant = film({name for name, _, _ in filmed.RUNGS})
    assert plant.end is not None
    assert (plant.end.status, plant.end.error) == ("failed", "film 0: no room")


def test_a_task_that_films_nothing_fails_at_once() -> None:
    scheduler = Scheduler(2)
    plant = Plant(scheduler, "speech", "none", {None})
    plant.play(ev.WorkerJoined("w0"), ev.RunSubmitted("r", filmed.show(TURNS), filmed.plan()))
    assert plant.end is not None
    assert (plant.end.status, plant.end.error) == ("failed", "speech 0: no room")


def test_stages_on_accelerators_step_down_too() -> None:
    scheduler = Scheduler(8, rungs="top")
    plant = Plant(scheduler, "lips", "steps", {10})
    joined = [ev.WorkerJoined(f"w{number}", models=("writer", "voice", "packer")) for number in range(3)]
    models = (generated.FILM, generated.DECODER, generated.LIPS)
    joined += [ev.WorkerJoined(f"g{n}", f"m{n}", 1, (model,)) for n, model in enumerate(models)]
    plant.play(*joined, ev.RunSubmitted("r", generated.show(TURNS), generated.plan()))
    assert plant.end is not None
    assert plant.end.status == "succeeded"
    last = {shot.path: shot.rung for shot in plant.shots}
    assert last == {(index,): "lips 5" for index in range(TURNS)}
    assert len(plant.failed) == 1
