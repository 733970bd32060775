"""Every machine has a thread budget of its own, which grows and shrinks with its workers."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from murakkab_optimizer.scheduler.workers import Fleet


def test_workers_bring_threads_and_take_them_away() -> None:
    fleet = Fleet(0)
    for name, machine, cores in (("a1", "a", 1), ("a2", "a", 1), ("b1", "b", 3), ("b2", "b", 0)):
        fleet.joined(name, machine, cores)
    assert (fleet.cores, fleet.widest, fleet.free_threads) == (5, 3, 3)
    fleet.lost("b1")
    assert (fleet.cores, fleet.widest) == (2, 2)
    fleet.lost("b2")
    assert (fleet.cores, fleet.widest) == (2, 2)


def test_a_task_goes_where_enough_threads_are_free() -> None:
    fleet = Fleet(0)
    for name, machine in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")):
        fleet.joined(name, machine, 1)
    first = fleet.route("m", 1)
    assert first is not None
    fleet.assign(first, "l1", "m", 1)
    second = fleet.route("m", 2)
    assert second is not None
    assert second.machine is not first.machine
    fleet.assign(second, "l2", "m", 2)
    third = fleet.route("m", 1)
    assert third is not None
    assert third.machine is first.machine
    fleet.assign(third, "l3", "m", 1)
    assert fleet.route("m", 1) is None
    assert fleet.route("m", 0) is not None
    fleet.release(second)
    assert fleet.route("m", 2) is second


@given(st.lists(st.tuples(st.sampled_from("jlar"), st.integers(0, 7), st.integers(0, 2)), max_size=60))
def test_threads_in_use_never_exceed_a_machine(steps: list[tuple[str, int, int]]) -> None:
    """Whoever joins, leaves, takes a task or ends one; only a machine that lost workers may be over for a while."""
    fleet = Fleet(0)
    for count, (step, number, threads) in enumerate(steps):
        name = f"w{number}"
        worker = fleet.workers.get(name)
        if step == "j" and worker is None:
            fleet.joined(name, f"m{number % 3}", number % 2)
        elif step == "l" and worker is not None:
            fleet.lost(name)
        elif step == "r" and worker is not None and worker.lease:
            fleet.release(worker)
        elif step == "a" and (found := fleet.route("m", threads)) is not None:
            assert found.machine.free >= threads
            fleet.assign(found, f"l{count}", "m", threads)
    used: Counter[object] = Counter()
    for worker in fleet.workers.values():
        used[worker.machine] += worker.threads
    for machine, threads in used.items():
        assert machine.free == machine.cores - threads
    assert fleet.cores == sum(worker.brings for worker in fleet.workers.values())
