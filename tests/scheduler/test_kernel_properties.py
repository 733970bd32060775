"""What must hold for every graph, order and failure."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from murakkab_optimizer.policies.queueing import POLICIES
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import events as ev
from tests.scheduler.plant import Plant, random_graph, random_plan

seeds = st.integers(0, 2**32)
quick = settings(max_examples=150)
long = settings(max_examples=5000, suppress_health_check=list(HealthCheck))


def plant(seed: int, failures: float, policy: str = "earliest-deadline") -> Plant:
    draw = random.Random(seed)
    graph = random_graph(draw)
    cores = draw.randint(1, 4)
    return Plant(draw, graph, random_plan(draw, graph, cores), cores, failures, policy)


def check_complete(world: Plant) -> None:
    """Everything that had to run ran once, and all of the published node was shown in one sequence."""
    done: dict[str, set] = defaultdict(set)
    for name, path in world.finished:
        done[name].add(path)
    assert {name: done[name] for name in world.expected_tasks()} == world.expected_tasks()
    for name, paths in world.order.items():
        assert len(paths) == len(set(paths))
        if world.graph.node(name).ordered:
            assert paths == sorted(paths)
    shown = {path for name, path in world.committed if name == world.graph.publish}
    assert [index for index, _ in world.published] == list(range(len(world.published)))
    assert {path for _, path in world.published} == shown


def check_always_ends(seed: int, policy: str) -> None:
    world = plant(seed, 0.0, policy)
    assert world.run() == "succeeded"
    check_complete(world)


def check_survives_failures(seed: int) -> None:
    world = plant(seed, 0.1)
    status = world.run()
    assert status in ("succeeded", "failed")
    if status == "succeeded":
        check_complete(world)
    else:
        assert "tried 3 times" in world.error


@pytest.mark.parametrize("policy", POLICIES)
@quick
@given(seed=seeds)
def test_every_graph_runs_to_its_end(seed: int, policy: str) -> None:
    check_always_ends(seed, policy)


@quick
@given(seed=seeds)
def test_failures_and_lost_workers_lose_nothing_and_repeat_nothing(seed: int) -> None:
    check_survives_failures(seed)


@pytest.mark.soak
@long
@given(seed=seeds)
def test_many_graphs_with_failures(seed: int) -> None:
    check_always_ends(seed, "fifo")
    check_survives_failures(seed)


@quick
@given(seed=seeds)
def test_equal_events_give_equal_commands(seed: int) -> None:
    world = plant(seed, 0.1)
    world.run()
    again = Scheduler(world.cores)
    assert [again.handle(event, now) for now, event, _ in world.log] == [commands for _, _, commands in world.log]


@quick
@given(seed=seeds, stop=st.integers(1, 60))
def test_a_resumed_run_makes_only_what_was_missing(seed: int, stop: int) -> None:
    first = plant(seed, 0.0)
    for _ in range(first.cores + 1):
        first.join()
    first.tell(ev.RunSubmitted("r", first.graph, first.plan))
    first.play(stop)
    if first.status:
        return
    second = Plant(random.Random(seed + 1), first.graph, first.plan, first.cores)
    second.committed, second.finished = dict(first.committed), dict(first.finished)
    streams = {node.name for node in first.graph.nodes if node.streams}
    items = tuple(ev.DoneItem(n, p, v) for (n, p), v in first.committed.items() if n in streams)
    finished = tuple(ev.DoneItem(n, p, v) for (n, p), v in first.finished.items())
    for _ in range(second.cores + 1):
        second.join()
    second.tell(ev.RunResumed("r", first.graph, first.plan, items, finished))
    second.play()
    assert second.status == "succeeded"
    for name, paths in first.order.items():
        second.order[name] = paths + second.order[name]
    check_complete(second)


@quick
@given(seed=seeds, stop=st.integers(0, 40))
def test_a_cancelled_run_ends_at_once_and_frees_its_workers(seed: int, stop: int) -> None:
    world = plant(seed, 0.0)
    for _ in range(world.cores + 1):
        world.join()
    world.tell(ev.RunSubmitted("r", world.graph, world.plan))
    world.play(stop)
    if world.status:
        return
    world.tell(ev.RunCancelled("r"))
    assert world.status == "cancelled"
    assert not world.running
