"""The kernel alone: events a second on one core, by queue policy and tasks in flight.

    python -m benchmarks.kernel [--rounds 5] [--events 20000] [--out FILE]

Many podcasts are made at once: each has a script that writes ten turns ahead of what is packaged, two independent
tasks a turn and an ordered one, and a hundred turns; when one ends the next begins. Half of the tasks in flight are at
a worker, the others wait. The events are recorded first; what is timed is ``handle`` alone, played from that record.
Seconds are those of the processor, so that other processes on the machine count little. The rows with ``rungs`` are
with full adaptation: the rung of every shot is chosen, and what tasks take corrects what is expected of the next. With
rungs *in stages*, film and lips of a shot are done on accelerators, one after the other, by instances that are too few
for the best rung; viewers watch in real time, and every two thousand events an instance is lost and another one joins:
all shots that are begun are looked at again then.

Times of single events are told of all, and of those that *decide*: something is begun, or a rung is chosen. The others
(a task began, a player moved) are noted, and take next to nothing. *Loss* is the median of a loss, or of a joining.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import spread, write
from benchmarks.kernel_shows import Show, filmed, plain, staged
from benchmarks.kernel_times import decision_times
from murakkab_optimizer.policies.queueing import POLICIES
from murakkab_optimizer.scheduler import Event, Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev

IN_FLIGHT = (10, 100, 1000, 10_000)
AHEAD, TURNS = 10, 100
TARGET, TARGET_ADAPTIVE = 50_000, 10_000

LOST_EVERY = 2000
"""Events from one loss of an instance to the next."""

ADAPTATION = "deadline-adaptive"
"""Queue policy of the rows with full adaptation."""

SHOWS = {"": plain, "rungs": filmed, "staged": staged}


class Plant:
    """Carries commands out in the order in which they came, and records what the kernel is told."""

    def __init__(self, in_flight: int, policy: str, show: Show) -> None:
        self.scheduler, self.log, self.now = Scheduler(max(in_flight // 2, 1), policy), list[tuple[Event, float]](), 0.0
        self.rungs = Counter[str]()
        self._working: deque[cmd.StartTask] = deque()
        self._loading: deque[cmd.LoadModel] = deque()
        self._scripts: dict[str, tuple[str, int]] = {}
        self._instances: deque[tuple[str, str]] = deque()
        self._show, self._begun, self._joined = show, 0, 0
        runs = max(in_flight // AHEAD, 1)
        self._tick = 1 / (show.tempo * runs) if show.tempo else 0.001
        for _ in range(runs + max(in_flight // 2, 1)):
            self._join(_on_processors(show))
        for model, count in show.instances.items():
            for _ in range(count * runs):
                self._join_instance(model)
        for _ in range(runs):
            self.begin()

    def begin(self) -> None:
        """Submit another run."""
        self._begun += 1
        self.tell(ev.RunSubmitted(f"r{self._begun}", self._show.graph, self._show.plan))

    def tell(self, event: Event) -> None:
        """Record an event and carry out what it leads to."""
        self.now += self._tick
        self.log.append((event, self.now))
        for command in self.scheduler.handle(event, self.now):
            match command:
                case cmd.StartTask():
                    self._working.append(command)
                case cmd.LoadModel():
                    self._loading.append(command)
                case cmd.MakeShot():
                    self.rungs[command.rung] += 1
                case cmd.FinishRun():
                    self.begin()
                case _:
                    pass

    def _join(self, models: tuple[str, ...] | None) -> str:
        self._joined += 1
        self.tell(ev.WorkerJoined(f"w{self._joined}", models=models))
        return f"w{self._joined}"

    def _join_instance(self, model: str) -> None:
        self._instances.append((self._join((model,)), model))

    def lose(self) -> None:
        """The instance that is longest there is lost, and another one joins."""
        worker, model = self._instances.popleft()
        self.tell(ev.WorkerLost(worker, "taken away", blame=False))
        self._join_instance(model)

    def step(self) -> None:
        """The task that is longest at work begins and ends; a script writes, and goes on when something is shown."""
        if self._instances and len(self.log) % LOST_EVERY == 0:
            self.lose()
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


def _on_processors(show: Show) -> tuple[str, ...] | None:
    """Models that workers on processors can use; None for all, where there are no others."""
    if not show.instances:
        return None
    chosen = [node.chosen for node in show.plan.nodes.values()]
    chosen += [one for rung in show.plan.rungs for one in rung.nodes.values()]
    return tuple(dict.fromkeys(one.model for one in chosen if not one.devices))


def record(in_flight: int, policy: str, events: int, show: Show) -> tuple[list[tuple[Event, float]], int, Counter[str]]:
    """Events of a plant, how many of them belong to its beginning, and the shots by rung."""
    plant = Plant(in_flight, policy, show)
    while len(plant.log) < 10 * in_flight:
        plant.step()
    beginning = len(plant.log)
    while len(plant.log) < beginning + events:
        plant.step()
    return plant.log, beginning, plant.rungs


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


def decisions(log: Sequence[tuple[Event, float]], beginning: int, in_flight: int, policy: str) -> dict[str, Any]:
    """Microseconds of single events."""
    scheduler = Scheduler(max(in_flight // 2, 1), policy)
    for event, now in log[:beginning]:
        scheduler.handle(event, now)
    return decision_times(scheduler.handle, log[beginning:])


def measure(in_flight: int, policy: str, events: int, rounds: int, show: Show) -> dict[str, Any]:
    """Events a second with that many tasks in flight."""
    log, beginning, rungs = record(in_flight, policy, events, show)
    micros = [replay(log, beginning, in_flight, policy) for _ in range(rounds)]
    return {
        "policy": policy + show.name,
        "in_flight": in_flight,
        "events": len(log) - beginning,
        "events_per_s": spread([1e6 / one for one in micros]),
        "us_per_event": spread(micros),
        **decisions(log, beginning, in_flight, policy),
        "shots": dict(sorted(rungs.items())),
    }


def main() -> None:
    """Measure every policy at every size, print the table, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--events", type=int, default=20_000)
    options.add_argument("--policy", action="append", choices=list(POLICIES))
    options.add_argument("--shows", choices=list(SHOWS), help="only these: '' has no rungs")
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    print(f"{'':<64}{'all events, us':>17}{'deciding, us':>22}{'loss':>9}")
    print(
        f"{'policy':<36}{'in flight':>10}{'events/s':>10}{'min':>8}{'p50':>9}{'p99':>8}"
        f"{'share':>6}{'p50':>8}{'p99':>8}{'p50':>9}"
    )
    rows = []
    targets = {"target_events_per_s": TARGET, "target_adaptive_events_per_s": TARGET_ADAPTIVE}
    asked = [(policy, "") for policy in given.policy or POLICIES if given.shows in (None, "")]
    asked += [(ADAPTATION, kind) for kind in SHOWS if kind and given.shows in (None, kind)]
    for policy, kind in asked:
        for in_flight in IN_FLIGHT:
            row = measure(in_flight, policy, given.events, given.rounds, SHOWS[kind]())
            rows.append(row)
            rate, decided = row["events_per_s"], row["deciding"]
            print(
                f"{row['policy']:<36}{in_flight:>10}{rate['median']:>10.0f}{rate['min']:>8.0f}"
                f"{row['p50_us']:>9}{row['p99_us']:>8}"
                f"{decided['events'] / row['events']:>6.0%}{decided['p50_us'] or '-':>8}{decided['p99_us'] or '-':>8}"
                f"{row['losses']['p50_us'] or '-':>9}",
                flush=True,
            )
            written = write("kernel", {**targets, "rows": rows}, given.out)
    print(f"written to {written}")


if __name__ == "__main__":
    main()
