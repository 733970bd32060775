"""Real time is judged by pace: slower models never help."""

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from murakkab_optimizer.hardware import Cluster, Offer
from murakkab_optimizer.planner.assign import (
    Candidate,
    Infeasible,
    Limits,
    Need,
    Problem,
    Step,
    Undecided,
    Use,
    evaluate,
    greedy,
    solve,
    violations,
)
from tests.planner.assigning import (
    CPU,
    FEW,
    GPU,
    MOST,
    OBJECTIVES,
    asked,
    best,
    everything,
    kept,
    problems,
    quick,
    relimit,
    size,
)
from tests.planner.test_assign_oracle import check_best

CLUSTER = Cluster("test", (Offer(GPU, 4, spot=False), Offer(CPU, 4, spot=False)), billing="used")


def show(*steps, **limits):
    """A show of 20 seconds."""
    return Problem(steps, CLUSTER, shown=steps[-1].name, video_s=20.0, limits=Limits(realtime=True, **limits))


def step(name, task_s, *needs, tasks=10, model="", first_s=0.0):
    return Step(name, tasks, (Candidate(model or name, task_s, first_s=first_s),), needs)


def broken(problem, *instances):
    assignment = tuple(Use(0, count) for count in instances)
    return list(violations(problem, assignment, evaluate(problem, assignment)))


def test_who_is_busy_longer_than_the_show_lasts_cannot_keep_up_however_late_it_starts():
    late = show(step("opening", 60.0, tasks=1), step("film", 2.1, Need("opening", whole=True)))
    outcome = evaluate(late, (Use(0), Use(0)))
    assert outcome.ttff_s == outcome.first_s
    assert broken(late, 1, 1) == ["realtime"]
    assert broken(late, 1, 2) == []


def test_what_is_done_all_at_once_has_no_pace():
    assert broken(show(step("film", 30.0, tasks=3)), 3) == []
    assert broken(show(step("film", 30.0, tasks=3)), 2) == ["realtime"]


def test_steps_that_share_instances_keep_the_pace_together():
    both = show(step("voice", 1.5, model="one"), step("film", 1.5, Need("voice"), model="one"))
    assert broken(both, 1, 1) == ["realtime"]
    assert broken(both, 1, 2) == []


def test_a_slow_opening_does_not_make_up_for_a_script_that_trails_behind():
    script, film = step("script", 40.0, tasks=1, first_s=1.0), (Need("script"), Need("opening"))
    late = show(script, step("opening", 30.0, tasks=1), step("film", 0.1, *film))
    outcome = evaluate(late, (Use(0), Use(0), Use(0)))
    assert outcome.ttff_s == outcome.first_s
    assert broken(late, 1, 1, 1) == ["realtime"]


def test_a_promised_start_may_be_used_to_make_items_ahead():
    ahead = show(step("film", 2.1), ttff_s=3.0)
    assert broken(ahead, 1) == []
    assert broken(relimit(ahead, ttff_s=float("inf")), 1) == ["realtime"]


def test_instances_that_save_no_round_may_be_what_keeps_pace():
    film = Step("film", 12, (Candidate("small", 8.0),))
    problem = msgspec.structs.replace(show(film), cluster=Cluster("test", (Offer(GPU, 5, spot=False),)))
    assert broken(problem, 4) == ["realtime"]
    assert solve(problem).assignment == (Use(0, 5),)
    assert greedy(problem).assignment == (Use(0, 5),)


def real_time(problem):
    """The problem with a promise of real time, and none of the time to the first item."""
    assume(problem.shown)
    return relimit(problem, realtime=True, ttff_s=float("inf"))


@st.composite
def slower(draw, most=4):
    """A problem, and the same where one candidate takes longer for all it does."""
    problem = draw(problems(most=most))
    problem = real_time(problem) if problem.shown and draw(st.integers(0, 3)) else problem
    step = draw(st.integers(0, len(problem.steps) - 1))
    old = problem.steps[step]
    index = draw(st.integers(0, len(old.candidates) - 1))
    factor = draw(st.sampled_from([1.01, 1.3, 2.0, 10.0]))
    candidates, steps = list(old.candidates), list(problem.steps)
    was = candidates[index]
    candidates[index] = msgspec.structs.replace(was, task_s=was.task_s * factor, first_s=was.first_s * factor)
    steps[step] = msgspec.structs.replace(old, candidates=tuple(candidates))
    return problem, msgspec.structs.replace(problem, steps=tuple(steps))


def check_slower(problem, slow):
    """What the slower problem allows the other one does, and nothing is better in it."""
    before = dict(kept(problem))
    for assignment, outcome in kept(slow):
        assert assignment in before
        for objective in OBJECTIVES:
            least = before[assignment].value(objective)
            assert outcome.value(objective) >= least - 1e-9 * max(1.0, least)


@quick(60)
@given(slower())
def test_a_slower_candidate_never_helps(two):
    assume(size(two[0]) <= FEW)
    check_slower(*two)


ASKED = 1500
"""How often a search goes on; with it, no example takes longer than a second."""


@quick(8)
@given(slower(most=3))
def test_the_proven_optimum_is_no_better_with_a_slower_candidate(two):
    problem, slow = two
    assume(size(problem) <= FEW)
    try:
        first = solve(problem, may_go_on=asked(ASKED))
    except Infeasible:
        with pytest.raises((Infeasible, Undecided)):
            solve(slow, may_go_on=asked(ASKED))
        return
    except Undecided:
        return
    try:
        second = solve(slow, may_go_on=asked(ASKED))
    except (Infeasible, Undecided):
        return
    value = second.outcome.value(problem.objectives[0])
    assert value >= first.bound - 1e-9 * max(1.0, first.bound)


@quick(40)
@given(problems(shows=True))
def test_what_is_late_by_the_clock_is_out_of_pace(problem):
    problem = real_time(problem)
    assume(size(problem) <= FEW)
    for assignment, outcome in everything(problem):
        late = outcome.ttff_s > outcome.first_s + 1e-6
        assert not late or "realtime" in violations(problem, assignment, outcome)


@quick(8)
@given(problems(limited=False, most=3, shows=True))
def test_plans_that_keep_pace_are_the_best_of_all(problem):
    problem = real_time(problem)
    assume(size(problem) <= FEW)
    assume(best(problem, problem.objectives[0]) is not None)
    check_best(problem)


@pytest.mark.soak
@settings(max_examples=3000)
@given(slower())
def test_a_slower_candidate_never_helps_in_many_problems(two):
    assume(size(two[0]) <= MOST)
    check_slower(*two)


@pytest.mark.soak
@settings(max_examples=3000)
@given(problems())
def test_plans_that_keep_pace_are_the_best_in_many_problems(problem):
    problem = real_time(problem)
    assume(size(problem) <= MOST)
    check_best(problem)
