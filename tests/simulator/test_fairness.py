"""Runs beside each other: those that are watched start in time and do not stall; goodput by policy."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_optimizer.graph import Slo
from murakkab_optimizer.policies.queueing import POLICIES
from murakkab_optimizer.simulator import Job, PlannedWork, Simulation, figures, poisson
from tests.simulator.shows import plan, request, show

WATCHED = Slo(ttff_s=4.0, realtime=True)
"""Alone, the first item is there after 1.8 s; a task of another run that is under way is not interrupted (1.2 s)."""

BATCHES = [Slo(), Slo(latency=60.0), Slo(latency=5.0), Slo(latency=0.1)]
"""Whatever a batch promises, it does not go before what is watched."""


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32))
def test_two_shows_at_once_both_start_in_time_and_never_stall(seed: int) -> None:
    work = PlannedWork(0.1, 0.2, seed, {"outline": 1, "script": 8})
    jobs = [Job(name, 0.0, show(WATCHED, 8), plan(hosts_s=1.2)) for name in ("one", "other")]
    found = figures(jobs, Simulation(2, work).run(jobs))
    assert [run.kept for run in found.runs] == [True, True]


def check_batches(seed: int, batches: int, policy: str) -> None:
    """Beside batches, a show never stalls; each step to its first item waits for one task under way at most."""
    draw = random.Random(seed)
    work = PlannedWork(0.1, 0.2, seed, {"outline": 1, "script": 8})
    others = [
        Job(f"batch {n}", draw.random() * 10, show(draw.choice(BATCHES), 8), plan(hosts_s=1.2), watched=False)
        for n in range(batches)
    ]
    watched = Job("watched", 5.0, show(WATCHED, 8), plan(hosts_s=1.2))
    both, none = ([*others, watched], [watched])
    record, by_itself = (Simulation(2, work, policy=policy).run(jobs) for jobs in (both, none))
    (run,), (alone,) = (figures([watched], found).runs for found in (record, by_itself))
    longest = max(span.ends - span.begins for span in record.spans if span.run.startswith("batch"))
    assert run.stall_s == alone.stall_s == 0.0
    assert run.ttff_s is not None
    assert alone.ttff_s is not None
    assert run.ttff_s <= alone.ttff_s + 3 * longest


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32), batches=st.integers(1, 6), policy=st.sampled_from(sorted(POLICIES)))
def test_batches_never_stall_a_show_that_is_watched(seed: int, batches: int, policy: str) -> None:
    check_batches(seed, batches, policy)


def test_a_batch_that_is_overdue_gets_a_share_where_the_shows_can_wait() -> None:
    shows = [Job(f"show {n}", 0.0, show(WATCHED, 40), plan(hosts_s=0.8)) for n in range(3)]
    batches = [Job(f"batch {latency}", 0.0, show(Slo(latency=latency), 8), plan(), False) for latency in (5.0, 500.0)]
    record = Simulation(2, PlannedWork(items={"outline": 10, "script": 4})).run([*batches, *shows])
    last = max(span.begins for span in record.spans if span.run.startswith("show"))
    spent = Counter[str]()
    for span in record.spans:
        spent[span.run] += (span.ends - span.begins) * (5.0 < span.begins < last)
    assert 0.05 < spent["batch 5.0"] / spent.total() < 0.11
    assert spent["batch 500.0"] == 0
    assert [run.stall_s for run in figures(shows, record).runs] == [0.0] * 3


def test_batches_end_although_shows_are_watched_all_the_time() -> None:
    shows = [Job(f"show {n}", n * 9.0, show(WATCHED, 4), plan()) for n in range(6)]
    batch = Job("batch", 0.0, show(Slo(), 8), plan(), watched=False)
    record = Simulation(2, PlannedWork(items={"outline": 1, "script": 4})).run([batch, *shows])
    assert record.ends["batch"].status == "succeeded"
    assert all(run.kept for run in figures(shows, record).runs)


def hits(policy: str, utilisation: float, count: int = 1500) -> float:
    """Share of requests that end in time: lengths and deadlines differ a hundredfold, one worker."""
    draw = random.Random(7)
    lengths = [draw.lognormvariate(0.0, 1.0) * (30.0 if draw.random() < 0.05 else 1.0) for _ in range(count)]
    rate = utilisation / (sum(lengths) / count)
    requests = zip(lengths, poisson(rate, count, 11), strict=True)
    jobs = [Job(f"r{n}", at, *request(5.0 * one + 2.0, one)) for n, (one, at) in enumerate(requests)]
    return figures(jobs, Simulation(1, PlannedWork(), workers=1, policy=policy).run(jobs)).goodput


def test_goodput_of_deadline_adaptive_is_that_of_earliest_deadline_or_better() -> None:
    calm, crowded = 0.43, 1.14
    assert hits("deadline-adaptive", calm) >= hits("earliest-deadline", calm) - 0.005
    adaptive, earliest = hits("deadline-adaptive", crowded), hits("earliest-deadline", crowded)
    assert adaptive > 2 * earliest
    assert adaptive > 0.35


@pytest.mark.soak
@settings(max_examples=500)
@given(seed=st.integers(0, 2**32), batches=st.integers(1, 6))
def test_many_batches_beside_a_show_that_is_watched(seed: int, batches: int) -> None:
    check_batches(seed, batches, "least-slack")
