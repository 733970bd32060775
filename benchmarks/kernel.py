"""The kernel alone: events a second on one core, by queue policy and tasks in flight.

    python -m benchmarks.kernel [--rounds 5] [--events 20000] [--out FILE]

Many podcasts are made at once: each has a script that writes ten turns ahead of what is packaged, two independent
tasks a turn and an ordered one, and a hundred turns; when one ends the next begins. Half of the tasks in flight are at
a worker, the others wait. The events are recorded first; what is timed is ``handle`` alone, played from that record.
Seconds are those of the processor, so that other processes on the machine count little. The rows with ``rungs`` are
with full adaptation: the rung of every shot is chosen, and what tasks take corrects what is expected of the next.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness import spread, write
from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Edge, Graph, Node, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan, Rung
from murakkab_optimizer.policies.queueing import POLICIES
from murakkab_optimizer.scheduler import Event, Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev

IN_FLIGHT = (10, 100, 1000, 10_000)
AHEAD, TURNS = 10, 100
TARGET, TARGET_ADAPTIVE = 50_000, 10_000

GRAPH = Graph(
    "podcast",
    (
        Node("script", "text-generation", streams=True),
        Node("speech", "text-to-speech", {}, (Edge("script", 1),), "script", depth=1),
        Node("hosts", "image-to-video", {}, (Edge("script", 1), Edge("speech", 1)), "script", depth=1),
        Node("package", "video-packaging", {}, (Edge("hosts", 1),), "hosts", join="ordered", depth=1),
        Node("episode", "video-muxing", {}, (Edge("package", 0, many=True),)),
    ),
    publish="package",
    slo=Slo(ttff_s=1.0, realtime=True),
)


FILMED = msgspec.structs.replace(
    GRAPH, nodes=(msgspec.structs.replace(GRAPH.nodes[0], join="ordered"), *GRAPH.nodes[1:])
)
"""The same show on a timeline, so that its shots have rungs."""

PACES = (0.5, 0.3, 0.25, 0.15, 0.05)
ADAPTATION = "deadline-adaptive"
"""Queue policy of the rows with full adaptation."""


def plan(*, rungs: bool = False) -> Plan:
    """A small model for each node; writing takes no thread, so that every script can be written at once."""
    seconds = {"script": 1.0, "speech": 0.4, "hosts": 1.5, "package": 0.1, "episode": 0.5}
    chosen = {n: Configuration(f"{n} model", {}, Needs(int(n != "script"), 50), s) for n, s in seconds.items()}
    made = {name: NodePlan(configuration, "the only one") for name, configuration in chosen.items()}
    return Plan(made, rungs=tuple(ladder(chosen["hosts"])) if rungs else ())


def ladder(hosts: Configuration) -> Iterator[Rung]:
    """Five ways to make a shot."""
    for index, pace in enumerate(PACES):
        way = {"hosts": hosts if not index else msgspec.structs.replace(hosts, seconds=5 * pace)}
        yield Rung(f"rung {index}", way, 1 - 0.1 * index, pace + 0.1, {"hosts": pace}, static=pace == PACES[-1])


class Plant:
    """Carries commands out in the order in which they came, and records what the kernel is told."""

    def __init__(self, in_flight: int, policy: str, *, rungs: bool = False) -> None:
        self.scheduler, self.log, self.now = Scheduler(max(in_flight // 2, 1), policy), list[tuple[Event, float]](), 0.0
        self._working: deque[cmd.StartTask] = deque()
        self._loading: deque[cmd.LoadModel] = deque()
        self._scripts: dict[str, tuple[str, int]] = {}
        self._graph, self._plan, self._begun = FILMED if rungs else GRAPH, plan(rungs=rungs), 0
        runs = max(in_flight // AHEAD, 1)
        for number in range(runs + max(in_flight // 2, 1)):
            self.tell(ev.WorkerJoined(f"w{number}"))
        for _ in range(runs):
            self.begin()

    def begin(self) -> None:
        """Submit another run."""
        self._begun += 1
        self.tell(ev.RunSubmitted(f"r{self._begun}", self._graph, self._plan))

    def tell(self, event: Event) -> None:
        """Record an event and carry out what it leads to."""
        self.now += 0.001
        self.log.append((event, self.now))
        for command in self.scheduler.handle(event, self.now):
            match command:
                case cmd.StartTask():
                    self._working.append(command)
                case cmd.LoadModel():
                    self._loading.append(command)
                case cmd.FinishRun():
                    self.begin()
                case _:
                    pass

    def step(self) -> None:
        """The task that is longest at work begins and ends; a script writes, and goes on when something is shown."""
        if self._loading:
            load = self._loading.popleft()
            self.tell(ev.ModelLoaded(load.worker, load.model))
            return
        task = self._working.popleft()
        self.tell(ev.TaskStarted(task.lease))
        if task.node == "script":
            self._scripts[task.run] = (task.lease, 0)
            for _ in range(AHEAD):
                self._write(task.run)
            return
        self.tell(ev.TaskFinished(task.lease, task.lease, {"seconds": 5.0}, task.configuration.seconds))
        if task.node == "package":
            self._write(task.run)

    def _write(self, run: str) -> None:
        lease, count = self._scripts[run]
        if count < TURNS:
            self._scripts[run] = (lease, count + 1)
            self.tell(ev.ItemEmitted(lease, count, f"turn {count}", {"seconds": 5.0}))
        elif count == TURNS:
            self._scripts[run] = (lease, count + 1)
            self.tell(ev.TaskFinished(lease, lease, {}, 1.0))


def record(in_flight: int, policy: str, events: int, *, rungs: bool = False) -> tuple[list[tuple[Event, float]], int]:
    """Events of a plant, and how many of them belong to its beginning."""
    plant = Plant(in_flight, policy, rungs=rungs)
    while len(plant.log) < 10 * in_flight:
        plant.step()
    beginning = len(plant.log)
    while len(plant.log) < beginning + events:
        plant.step()
    return plant.log, beginning


def replay(log: Sequence[tuple[Event, float]], beginning: int, in_flight: int, policy: str) -> float:
    """Microseconds of the processor for one event."""
    scheduler = Scheduler(max(in_flight // 2, 1), policy)
    for event, now in log[:beginning]:
        scheduler.handle(event, now)
    handle, timed = scheduler.handle, log[beginning:]
    gc.collect()
    began = time.process_time()
    for event, now in timed:
        handle(event, now)
    return (time.process_time() - began) / len(timed) * 1e6


def decisions(log: Sequence[tuple[Event, float]], beginning: int, in_flight: int, policy: str) -> dict[str, float]:
    """Microseconds of single events: the median and the slowest of a hundred."""
    scheduler = Scheduler(max(in_flight // 2, 1), policy)
    for event, now in log[:beginning]:
        scheduler.handle(event, now)
    times = []
    for event, now in log[beginning:]:
        began = time.perf_counter()
        scheduler.handle(event, now)
        times.append((time.perf_counter() - began) * 1e6)
    times.sort()
    return {"p50_us": round(statistics.median(times), 1), "p99_us": round(times[len(times) * 99 // 100], 1)}


def measure(in_flight: int, policy: str, events: int, rounds: int, *, rungs: bool = False) -> dict[str, Any]:
    """Events a second with that many tasks in flight."""
    log, beginning = record(in_flight, policy, events, rungs=rungs)
    micros = [replay(log, beginning, in_flight, policy) for _ in range(rounds)]
    return {
        "policy": f"{policy}, rungs" if rungs else policy,
        "in_flight": in_flight,
        "events": len(log) - beginning,
        "events_per_s": spread([1e6 / one for one in micros]),
        "us_per_event": spread(micros),
        **decisions(log, beginning, in_flight, policy),
    }


def main() -> None:
    """Measure every policy at every size, print the table, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--events", type=int, default=20_000)
    options.add_argument("--policy", action="append", choices=list(POLICIES))
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    print(f"{'policy':<26}{'in flight':>10}{'events/s':>10}{'min':>9}{'max':>9}{'p50 us':>8}{'p99 us':>8}")
    rows = []
    asked = [(policy, False) for policy in given.policy or POLICIES] + [(ADAPTATION, True)]
    for policy, rungs in asked:
        for in_flight in IN_FLIGHT:
            row = measure(in_flight, policy, given.events, given.rounds, rungs=rungs)
            rows.append(row)
            rate = row["events_per_s"]
            print(
                f"{row['policy']:<26}{in_flight:>10}{rate['median']:>10.0f}{rate['min']:>9.0f}{rate['max']:>9.0f}"
                f"{row['p50_us']:>8}{row['p99_us']:>8}",
                flush=True,
            )
    targets = {"target_events_per_s": TARGET, "target_adaptive_events_per_s": TARGET_ADAPTIVE}
    print(f"written to {write('kernel', {**targets, 'rows': rows}, given.out)}")


if __name__ == "__main__":
    main()
