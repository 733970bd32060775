"""What must hold for every graph, order and failure. The plant checks each command; here is checked what is left."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from murakkab_optimizer.graph import Path
from murakkab_optimizer.policies.queueing import POLICIES
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import events as ev
from tests.scheduler.plant import Plant
from tests.scheduler.worlds import Answers, random_graph, random_plan

seeds = st.integers(0, 2**32)
quick = settings(max_examples=150)
long = settings(max_examples=5000, suppress_health_check=list(HealthCheck))


def plant(seed: int, failures: float, policy: str = "earliest-deadline") -> Plant:
    draw = random.Random(seed)
    graph = random_graph(draw, hasty=failures > 0)
    cores = draw.randint(1, 4)
    return Plant(draw, graph, random_plan(draw, graph, cores), cores, Answers(seed), failures, policy)


def check_complete(world: Plant) -> None:
    """Everything that the reference names was made, as it says, and all of the published node shown in one sequence."""
    reference, done = world.reference, world.done
    for name, node in reference.nodes.items():
        assert {path for other, path in done.finished if other == name} == set(reference.ran[name])
        first = 1 if node.repeat else 0
        emitted = {path for path in reference.items[name] if path[-1] >= first} if node.streams else set()
        assert {path for other, path in done.items if other == name} == emitted
    assert all(value == reference.value(*place) for place, value in done.finished.items())
    check_outputs(world)
    check_published(world)


def check_outputs(world: Plant) -> None:
    graph = world.graph
    read = {edge.source for node in graph.nodes for edge in node.edges} | {n for node in graph.nodes for n in node.body}
    left = ({node.name for node in graph.nodes} - read) | {node for node, _ in graph.outputs.values()}
    assert world.outputs == {name: world.reference.whole(name) for name in left}


def check_published(world: Plant) -> None:
    reference, name = world.reference, world.graph.publish
    assert name is not None
    node = reference.nodes[name]
    expected = reference.ran[name] if node.repeat else reference.items[name]
    make = reference.value if node.repeat else reference.item
    assert [index for index, _, _ in world.published] == list(range(len(world.published)))
    assert {path: value for _, path, value in world.published} == {path: make(name, path) for path in expected}
    if node.ordered:
        lines: dict[Path, list[Path]] = defaultdict(list)
        for _, path, _ in world.published:
            lines[reference.line(name, path)].append(path)
        assert all(paths == sorted(paths) for paths in lines.values())


def check_always_ends(seed: int, policy: str) -> None:
    world = plant(seed, 0.0, policy)
    assert world.run() == "succeeded"
    check_complete(world)
    assert world.most_timers <= 1


def check_survives_failures(seed: int) -> None:
    world = plant(seed, 0.1)
    status = world.run()
    assert status in ("succeeded", "failed")
    if status == "succeeded":
        check_complete(world)
    else:
        assert "tried 3 times" in world.error or "it does not add up" in world.error


def check_resumes(seed: int, stops: tuple[int, int]) -> None:
    world = plant(seed, 0.0)
    world.tell(ev.RunSubmitted("r", world.graph, world.plan))
    for stop in stops:
        world.play(stop)
        if world.status:
            break
        world = world.resumed(seed + stop)
    world.play()
    assert world.status == "succeeded"
    check_complete(world)


@pytest.mark.parametrize("policy", POLICIES)
@quick
@given(seed=seeds)
def test_every_graph_runs_to_its_end(seed: int, policy: str) -> None:
    check_always_ends(seed, policy)


@quick
@given(seed=seeds)
def test_failures_slow_attempts_and_lost_workers_lose_nothing_and_repeat_nothing(seed: int) -> None:
    check_survives_failures(seed)


@pytest.mark.soak
@long
@given(seed=seeds, stops=st.tuples(st.integers(1, 60), st.integers(1, 60)))
def test_many_graphs_with_failures_and_resumptions(seed: int, stops: tuple[int, int]) -> None:
    check_always_ends(seed, "fifo")
    check_survives_failures(seed)
    check_resumes(seed, stops)


@quick
@given(seed=seeds)
def test_equal_events_give_equal_commands(seed: int) -> None:
    world = plant(seed, 0.1)
    world.run()
    again = Scheduler(world.cores, world.policy)
    assert [again.handle(event, now) for now, event, _ in world.log] == [commands for _, _, commands in world.log]


@quick
@given(seed=seeds, stops=st.tuples(st.integers(1, 60), st.integers(1, 60)))
def test_a_resumed_run_makes_only_what_was_missing(seed: int, stops: tuple[int, int]) -> None:
    check_resumes(seed, stops)


@quick
@given(seed=seeds, stop=st.integers(0, 40))
def test_a_cancelled_run_ends_at_once_and_frees_its_workers(seed: int, stop: int) -> None:
    world = plant(seed, 0.0)
    world.tell(ev.RunSubmitted("r", world.graph, world.plan))
    world.play(stop)
    if world.status:
        return
    world.tell(ev.RunCancelled("r"))
    assert world.status == "cancelled"
    assert not world.running
