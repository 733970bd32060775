"""How many workers there should be."""

from __future__ import annotations

import itertools
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab_optimizer.policies.scaling import POLICIES, QueueView, scaling_policy
from murakkab_optimizer.policies.scaling.backlog import CALM_S, GRACE_S, WITHIN_S, BacklogPolicy


def view(now: float, workers: int, **facts: float) -> QueueView:
    return QueueView("cpu", now, workers, facts.pop("width", 2.0), **facts)


def test_an_unknown_name_lists_the_valid_ones() -> None:
    with pytest.raises(ValueError, match="choose one of: backlog"):
        scaling_policy("nope")


def test_work_that_waits_is_done_in_time_by_so_many() -> None:
    size = BacklogPolicy().size(view(0.0, 1, tasks=40, work_s=100.0, slack_s=5.0))
    assert size.workers == math.ceil(100 / WITHIN_S / 2)
    assert "100 s of work wait" in size.reason


def test_a_show_that_is_watched_has_the_cores_for_its_pace() -> None:
    size = BacklogPolicy().size(view(0.0, 1, demand=3.5))
    assert size.workers == 3
    assert "shows take 3.5 cores" in size.reason


def test_what_no_profile_knows_gets_a_worker() -> None:
    assert BacklogPolicy().size(view(0.0, 0, tasks=3)).workers == 1
    assert BacklogPolicy().size(view(0.0, 1, engines=1)).workers == 1, "also before the first task is ready"


def test_workers_with_tasks_in_hand_are_needed() -> None:
    assert BacklogPolicy().size(view(0.0, 4, running=5, engines=1)).workers == 3


def test_a_late_task_adds_one_at_a_time() -> None:
    policy, workers, changed = BacklogPolicy(), 1, []
    for second in range(int(3 * GRACE_S)):
        wanted = policy.size(view(float(second), workers, tasks=1, work_s=0.5, slack_s=-2.0)).workers
        if wanted != workers:
            changed.append(second)
        workers = wanted
    assert workers == 4
    assert [later - before for before, later in itertools.pairwise(changed)] == [GRACE_S, GRACE_S]


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_grows_with_a_burst_and_shrinks_once_after_it(name: str) -> None:
    """Work comes at twice what a worker does for a minute; each second every worker does two core-seconds of it."""
    policy, workers, waits, sizes = scaling_policy(name), 1, 0.0, []
    for second in range(400):
        waits = max(waits + (8.0 if second < 60 else 0.0) - 2.0 * workers, 0.0)
        slack = None if not waits else 10.0 - waits / (2.0 * max(workers, 1))
        workers = policy.size(view(float(second), workers, tasks=int(waits), work_s=waits, slack_s=slack)).workers
        sizes.append(workers)
    assert max(sizes) >= 4
    assert sizes[-1] == 0
    assert waits == 0
    turns = [second for second in range(1, 400) if sizes[second] < sizes[second - 1]]
    assert min(turns) >= 60, "none is let go in the burst"
    assert all(later >= before for before, later in itertools.pairwise(sizes[:60]))


@given(
    st.lists(
        st.tuples(st.floats(0.1, 30), st.floats(0, 500), st.floats(0, 20), st.floats(-50, 50)), min_size=1, max_size=40
    )
)
def test_workers_are_let_go_only_after_a_calm(steps: list[tuple[float, float, float, float]]) -> None:
    """Whatever comes: never fewer than were right within the calm, and equal views give equal answers."""
    policy, twin, now, workers, said = BacklogPolicy(), BacklogPolicy(), 0.0, 1, []
    for gap, work_s, demand, slack_s in steps:
        now += gap
        seen = view(now, workers, tasks=bool(work_s), work_s=work_s, demand=demand, slack_s=slack_s)
        alone = BacklogPolicy().size(in_time(seen)).workers
        workers = policy.size(seen).workers
        assert workers == twin.size(seen).workers
        said.append((now, alone))
        assert workers >= max(n for at, n in said if at >= now - CALM_S)


def in_time(seen: QueueView) -> QueueView:
    """The same view with nothing late."""
    return msgspec.structs.replace(seen, slack_s=None)
