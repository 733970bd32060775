"""Shots that are generated on accelerators, in virtual time: an early start, quality as planned, lost instances."""

from __future__ import annotations

import itertools
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.simulator import (
    Fault,
    Job,
    PlannedWork,
    Simulation,
    deployment,
    evictions,
    figures,
    replay,
    schedulable,
)
from murakkab_optimizer.simulator.figures import RunFigures
from tests.simulator.generated import CLUSTER, DECODER, FILM, GPU, LIPS, TURN_S, plan, play, shots, show

QUARTER = Fault(60.0, 0.25, spot=True)


def run(record: object, made: object) -> RunFigures:
    return figures([Job("r", 0.0, show(), made)], record, CLUSTER).runs[0]  # type: ignore[arg-type]


def test_a_lesser_first_shot_is_shown_early_and_most_of_the_show_is_as_planned() -> None:
    made = plan()
    found, none = run(play(made), made), run(play(made, rungs="top"), made)
    assert found.ttff_s is not None
    assert none.ttff_s is not None
    assert found.ttff_s < 4.0 < 10.0 < none.ttff_s
    assert found.stall_s < 0.5 < none.stall_s
    assert found.rungs["full"] > 0.85
    assert found.planned_s is not None
    assert found.ttff_s < found.planned_s
    assert none.rungs == {"full": 1.0}


@pytest.mark.parametrize(("lips", "chosen"), [(8, "full"), (4, "lips 5"), (2, "draft")])
def test_a_rung_for_the_whole_run_is_one_that_the_instances_keep_up(lips: int, chosen: str) -> None:
    assert {shot.rung for shot in shots(play(plan(lips=lips), rungs="per-run")).values()} == {chosen}


def test_tasks_go_to_instances_of_what_they_are_planned_for() -> None:
    record = play(plan())
    holds = {one.worker: one.instance.holds for one in record.holdings}
    begun = [c for _, _, said in record.log for c in said if isinstance(c, cmd.StartTask)]
    assert {holds[c.worker] for c in begun if c.worker in holds} == {
        f"{FILM} on 2 GPU",
        f"{DECODER} on 1 GPU",
        f"{LIPS} on 4 GPU",
    }
    for command in begun:
        assert (command.worker in holds) == bool(command.configuration.devices)
        assert holds.get(command.worker, command.configuration.model) == command.configuration.model
    used = {c.worker for c in begun if c.configuration.model.startswith(LIPS) and c.configuration.devices}
    assert len(used) == 8, "all instances of a stage take part"


@pytest.mark.parametrize("seed", range(3))
def test_a_quarter_of_the_spot_instances_is_taken_and_next_to_nothing_comes_late(seed: int) -> None:
    made = plan()
    record = play(made, QUARTER, seed=seed)
    lost = [one for one in record.holdings if one.ends < 1e9]
    assert {one.instance.model for one in lost} == {LIPS}
    assert len(lost) == 2
    assert run(record, made).status == "succeeded"
    assert record.shows["r"].stall_s < 0.5, "what a lost instance was at is begun anew and may be a little late"
    assert any(span.outcome == "lost" for span in record.spans)


def test_shots_that_would_be_late_on_what_is_left_are_made_lesser_and_come_back_with_new_instances() -> None:
    made = plan(lips=6)
    half = Fault(30.0, 0.67, spot=True)
    left, back = play(made, half), play(made, msgspec.structs.replace(half, back_s=20.0))
    for record in (left, back):
        assert run(record, made).status == "succeeded"
        assert record.shows["r"].stall_s < 0.5
    assert run(left, made).rungs["full"] < 0.7 * run(back, made).rungs["full"]
    assert len(back.holdings) == len(left.holdings) + 4


def test_a_stage_without_instances_is_waited_for_as_long_as_there_is_time() -> None:
    made = plan(film=1, spot=(FILM,))
    whole = Fault(40.0, 1.0, spot=True)
    left = play(made, whole)
    assert run(left, made).status == "succeeded"
    assert left.shows["r"].stall_s == 0.0
    made_on = [shot.rung for shot in shots(left).values()]
    assert made_on.count("still") > 5, "no film can be made any more"
    late = [shot for shot in shots(left).values() if shot.rung == "still"]
    moments = [now for now, _, said in left.log for c in said if isinstance(c, cmd.MakeShot) and c.rung == "still"]
    assert len(moments) == len(late)
    assert all(after - before > 1.0 for before, after in itertools.pairwise(moments[1:])), (
        "one by one, at the last moment"
    )
    back = play(made, msgspec.structs.replace(whole, back_s=10.0))
    assert "still" not in run(back, made).rungs


def test_new_instances_load_before_they_work() -> None:
    record = play(plan(), msgspec.structs.replace(QUARTER, back_s=10.0))
    new = {one.worker for one in record.holdings if one.begins > 0}
    begun = {c.lease: c.worker for _, _, said in record.log for c in said if isinstance(c, cmd.StartTask)}
    started = [now for now, e, _ in record.log if isinstance(e, ev.TaskStarted) and begun[e.lease] in new]
    assert len(new) == 2
    assert min(started) == pytest.approx(60.0 + 10.0 + 5.0)


def test_what_is_held_is_paid_for_until_it_is_lost() -> None:
    made = plan(lips=8)
    whole, lost = play(made), play(made, Fault(60.0, 0.5, spot=True))
    makespan = run(whole, made).makespan_s
    assert makespan is not None
    assert run(whole, made).cost_usd == pytest.approx(makespan * (32 * 1.8 + 0 * 3.6) / 3600)
    assert (run(lost, made).cost_usd or 0) < (run(lost, made).makespan_s or 0) * 32 * 1.8 / 3600


def test_decisions_are_replayed_as_they_were() -> None:
    record = play(plan(film=1, spot=(LIPS, FILM)), Fault(30.0, 0.4, 20.0, spot=True), noise=0.2, seed=4)
    events = [msgspec.json.decode(msgspec.json.encode(event), type=ev.Event) for _, event, _ in record.log]
    again = replay(zip([now for now, _, _ in record.log], events, strict=True), 16)
    assert list(again) == [commands for _, _, commands in record.log]


@settings(max_examples=6)
@given(
    seed=st.integers(0, 2**32), at=st.floats(0.0, 150.0), share=st.floats(0.1, 1.0), noise=st.floats(0.0, 0.3),
    lips=st.integers(1, 10), spot=st.sampled_from([(LIPS,), (FILM,), (LIPS, FILM)]), back=st.booleans(),
)  # fmt: skip
def test_whatever_is_lost_every_shot_is_made_once_and_shown_in_order(
    seed: int, at: float, share: float, noise: float, lips: int, spot: tuple[str, ...], back: bool
) -> None:
    made = plan(lips=lips, spot=spot)
    record = play(made, Fault(at, share, 20.0 if back else None, spot=True), graph=show(24), noise=noise, seed=seed)
    assert run(record, made).status == "succeeded"
    shown = [c.path for _, _, said in record.log for c in said if isinstance(c, cmd.Publish)]
    assert shown == [(turn,) for turn in range(24)]
    done = Counter(event.lease.rsplit("#", 1)[0] for _, event, _ in record.log if isinstance(event, ev.TaskFinished))
    assert max(done.values()) == 1
    assert set(shots(record)) == set(shown)
    assert record.shows["r"].shown_s > 20 * TURN_S * 0.5


def test_two_shows_share_the_instances() -> None:
    made = plan(lips=8)
    held = deployment(made, CLUSTER)
    jobs = [Job(name, 0.0, show(40), schedulable(made)) for name in ("one", "other")]
    record = Simulation(16, PlannedWork(0.05, 0.05, 1), deployment=held, warm=True).run(jobs)
    alone = run(play(made, graph=show(40)), made)
    for found in figures(jobs, record, CLUSTER).runs:
        assert found.ttff_s is not None
        assert found.ttff_s < 3.0
        assert found.stall_s < 0.5
        assert found.rungs["full"] < alone.rungs["full"], "half of the instances do not keep up with the best"
        assert found.rungs["full"] + found.rungs["lips 5"] > 0.6


def test_evictions_come_at_the_rate_of_the_devices() -> None:
    often = msgspec.structs.replace(GPU, evictions_per_hour=2.0)
    cluster = msgspec.structs.replace(CLUSTER, offers=(msgspec.structs.replace(CLUSTER.offers[0], device=often),))
    held = deployment(plan(lips=1000), cluster)
    lost = list(evictions(held, cluster, 3600.0, seed=3))
    times = sorted(fault.at_s for fault in lost)
    assert 0.99 < len(lost) / 1000 <= 1.0, "instances of four devices have one of them taken every 450 s on average"
    assert times[len(times) // 2] == pytest.approx(450.0 * 0.693, rel=0.15)
    names = dict(held.named())
    assert {names[fault.workers[0]].model for fault in lost} == {LIPS}, "what is reserved stays"
    assert lost == list(evictions(held, cluster, 3600.0, seed=3))
    assert not list(evictions(held, CLUSTER, 3600.0))


def test_a_show_that_is_resumed_goes_on_although_instances_are_lost() -> None:
    made, scheduler = schedulable(plan(film=1)), Scheduler(16)
    for number, one in enumerate(deployment(plan(film=1), CLUSTER).instances):
        scheduler.handle(ev.WorkerJoined(f"g{number} {one.model}", models=(one.holds,)), 0.0)
    scheduler.handle(ev.WorkerJoined("c", models=("writer", "voice", "packer", FILM, DECODER, LIPS)), 0.0)
    items = tuple(ev.DoneItem("script", (n,), f"turn {n}", {"seconds": TURN_S}) for n in range(3))
    said = [ev.DoneItem("speech", (n,), "said") for n in range(3)]
    filmed = [ev.DoneItem(node, (0,), node) for node in ("film", "decode", "lips", "package")]
    begun = tuple(ev.ShotMade((n,), "full") for n in range(2))
    resumed = ev.RunResumed("r", show(), made, items, (*said, *filmed), shots=begun)
    commands = scheduler.handle(resumed, 1.0)
    assert [c.path for c in commands if isinstance(c, cmd.StartTask) and c.node == "film"] == [(1,)]
    lost = scheduler.handle(ev.WorkerLost(f"g0 {FILM}", "taken away", blame=False), 1.5)
    lost += scheduler.handle(ev.TimerFired("due 1"), 100.0)
    lesser = {c.path: c.rung for c in lost if isinstance(c, cmd.MakeShot)}
    assert lesser == {(1,): "still", (2,): "still"}, "what was shown is left alone"
