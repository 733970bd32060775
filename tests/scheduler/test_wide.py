"""Tasks that need many threads, beside tasks that need one, on several machines."""

from __future__ import annotations

from collections import deque

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Graph, Node, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev


class Fleet:
    """A scheduler, the machines that it was told of, and the tasks that it began."""

    def __init__(self) -> None:
        self.scheduler, self.now = Scheduler(0), 0.0
        self.at_work: deque[cmd.StartTask] = deque()

    def machine(self, name: str, cores: int, *models: str) -> None:
        """Four workers join that share the cores."""
        for number in range(4):
            joined = ev.WorkerJoined(f"{name}{number}", name, 0 if number else cores, models=models or None)
            self._take(self.scheduler.handle(joined, self.now))

    def ask(self, run: str, model: str, threads: int, latency: float) -> list[tuple[str, str]]:
        """Submit a task; what was begun, and on which machine."""
        graph = Graph(run, (Node("n", "work"),), slo=Slo(latency=latency))
        plan = Plan({"n": NodePlan(Configuration(model, {}, Needs(threads, 50), 1.0), "")})
        return self._take(self.scheduler.handle(ev.RunSubmitted(run, graph, plan), self.now))

    def end(self) -> list[tuple[str, str]]:
        """The task that is longest at work ends, half a second later; what was begun then."""
        self.now += 0.5
        lease = self.at_work.popleft().lease
        return self._take(self.scheduler.handle(ev.TaskFinished(lease, "v", {}, 1.0), self.now))

    def _take(self, commands: list[cmd.Command]) -> list[tuple[str, str]]:
        begun = []
        for command in commands:
            if isinstance(command, cmd.LoadModel):
                begun += self._take(self.scheduler.handle(ev.ModelLoaded(command.worker, command.model), self.now))
            elif isinstance(command, cmd.StartTask):
                self.at_work.append(command)
                begun.append((command.run, command.worker.rstrip("0123456789")))
        return begun


def test_a_wide_task_does_not_wait_for_ever_because_another_machine_is_idle() -> None:
    fleet = Fleet()
    fleet.machine("able", 2, "wide", "narrow")
    fleet.machine("other", 2, "else")
    for number in range(2):
        fleet.ask(f"narrow {number}", "narrow", 1, 100.0)
    assert fleet.ask("wide", "wide", 2, 1.0) == []
    begun = []
    for number in range(2, 6):
        fleet.ask(f"narrow {number}", "narrow", 1, 100.0)
        begun += fleet.end()
        if ("wide", "able") in begun:
            break
    assert begun == [("wide", "able")]


def test_machines_that_are_too_small_for_a_wide_task_go_on() -> None:
    fleet = Fleet()
    fleet.machine("big", 8)
    fleet.machine("small", 2)
    assert fleet.ask("long", "long", 1, 500.0) == [("long", "big")]
    assert fleet.ask("wide", "wide", 8, 1.0) == []
    begun = [one for number in range(10) for one in fleet.ask(f"narrow {number}", "narrow", 1, 50.0)]
    assert begun == [("narrow 0", "small"), ("narrow 1", "small")]
    assert ("wide", "big") in fleet.end()


def test_one_machine_is_kept_for_a_wide_task_and_the_others_go_on() -> None:
    fleet = Fleet()
    for name in ("a", "b", "c"):
        fleet.machine(name, 4)
    for number in range(3):
        assert fleet.ask(f"long {number}", "long", 3, 500.0)
    assert fleet.ask("wide", "wide", 4, 1.0) == []
    begun = [one for number in range(6) for one in fleet.ask(f"narrow {number}", "narrow", 1, 50.0)]
    assert len(begun) == len({machine for _, machine in begun}) == 2
    ended = [one for _ in range(6) for one in fleet.end()]
    assert "wide" in [run for run, _ in ended]
