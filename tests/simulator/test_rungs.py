"""Quality while a show runs, in virtual time: what holds always, what a slow while does, and baselines beside."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_optimizer.graph import Graph, Path, Slo
from murakkab_optimizer.policies.rungs import POLICIES
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.simulator import Fault, Job, Recorded, Simulation, figures, replay
from tests.simulator.filmed import RUNGS, Slowed, plan, play, seen, shots, show

NAMES = [name for name, _, _ in RUNGS]
HALF_SPEED = (40.0, 100.0, 2.0)


def indices(record: Recorded) -> list[int]:
    return [shot.index for _, shot in shots(record)]


def mean(record: Recorded) -> float:
    return sum(shot.quality for _, shot in shots(record)) / len(shots(record))


@settings(max_examples=12)
@given(
    seed=st.integers(0, 2**32), policy=st.sampled_from(sorted(POLICIES)), noise=st.floats(0.0, 0.3),
    factor=st.floats(0.5, 6.0), start=st.integers(0, 2), cores=st.integers(1, 4), lost=st.booleans(),
)  # fmt: skip
def test_every_shot_is_made_on_one_rung_of_the_plan(
    seed: int, policy: str, noise: float, factor: float, start: int, cores: int, lost: bool
) -> None:
    work = Slowed(10.0, 30.0, factor, noise, seed)
    simulation = Simulation(cores, work, rungs=policy)
    work.now = lambda: simulation.now
    faults = (Fault(8.0, 0.5, 1.0, blame=True),) if lost else ()
    record = simulation.run([Job("r", 0.0, show(12), plan(start))], faults)
    assert record.ends["r"].status == "succeeded"
    made = {shot.path: shot.rung for _, shot in shots(record)}
    assert len(made) == len(shots(record)) == 12
    begun: set[tuple[int, ...]] = set()
    for _, _, commands in record.log:
        for command in commands:
            if isinstance(command, cmd.MakeShot):
                begun.add(command.path)
            if isinstance(command, cmd.StartTask) and command.node == "film":
                assert command.path in begun, "the rung is chosen before the first task starts"
                assert command.configuration.knobs == {"detail": made[command.path]}


class Counted(list[Any]):
    """A log that counts how often it is read."""

    read = 0

    def __iter__(self) -> Iterator[Any]:
        self.read += 1
        return super().__iter__()


def test_the_log_of_many_runs_is_read_as_often_as_that_of_one() -> None:
    jobs = [Job(f"r{number}", number * 5.0, show(6), plan(1)) for number in range(4)]
    record = Simulation(4, Slowed(0.0, 0.0, 1.0)).run(jobs)
    one, all_of_them = (msgspec.structs.replace(record, log=Counted(record.log)) for _ in range(2))
    (alone,), together = figures(jobs[1:2], one).runs, figures(jobs, all_of_them).runs
    assert together[1] == alone
    assert alone.planned_s is not None
    assert sum(alone.rungs.values()) == pytest.approx(1.0)
    assert cast("Counted", all_of_them.log).read == cast("Counted", one.log).read


@pytest.mark.parametrize(("policy", "expected"), [("top", {"fine"}), ("lowest", {"fast"})])
def test_baselines_stay_where_they_are(policy: str, expected: set[str]) -> None:
    record = play(Job("r", 0.0, show(12), plan()), policy, slow=HALF_SPEED)
    assert {shot.rung for _, shot in shots(record)} == expected


def test_per_run_takes_the_best_rung_that_keeps_up_by_the_profiles() -> None:
    for cores, expected in ((2, "fine"), (1, "fast")):
        record = play(Job("r", 0.0, show(12), plan()), "per-run", cores)
        assert {shot.rung for _, shot in shots(record)} == {expected}


@pytest.mark.parametrize("seed", range(6))
def test_quality_dips_where_top_quality_stalls_and_comes_back(seed: int) -> None:
    job = Job("r", 0.0, show(48), plan())
    record = play(job, slow=HALF_SPEED, noise=0.1, seed=seed)
    assert seen(record).stall_s < 0.2, "a clip of the first shots may be late by chance"
    assert seen(play(job, "top", slow=HALF_SPEED, noise=0.1, seed=seed)).stall_s > 5.0
    found = [(now, shot.index) for now, shot in shots(record)]
    slow = [index for now, index in found if 60.0 <= now < 100.0]
    assert max(slow) >= 1, "it goes down while things are slow"
    assert found[-1][1] < max(slow), "and comes back"
    assert mean(record) > mean(play(job, "lowest", slow=HALF_SPEED, noise=0.1, seed=seed)) + 0.05


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32), factor=st.floats(0.8, 2.5))
def test_it_does_not_flicker_under_constant_load(seed: int, factor: float) -> None:
    record = play(Job("r", 0.0, show(40), plan()), slow=(0.0, 1e9, factor), noise=0.1, seed=seed)
    found = indices(record)[4:]
    ups = [i for i, (before, now) in enumerate(itertools.pairwise(found)) if now < before]
    downs = [i for i, (before, now) in enumerate(itertools.pairwise(found)) if now > before]
    for up in ups:
        assert found[up] - found[up + 1] == 1 or NAMES[found[up]] == "still", "one step at a time"
        assert all(up - down >= 3 for down in downs if down < up and NAMES[found[down + 1]] != "still")


def test_a_show_that_can_be_made_at_its_best_is() -> None:
    record = play(Job("r", 0.0, show(40), plan()), cores=4)
    assert indices(record)[3:] == [0] * 37
    assert indices(record)[:3] == [2] * 3, "the opening leaves most of the cores to the script and the voices"
    assert seen(record).stall_s == 0.0


def test_the_first_shot_is_as_good_as_its_promise_allows() -> None:
    promised = [Slo(ttff_s=ttff, realtime=True) for ttff in (0.7, 1.5, 5.0)]
    first = [shots(play(Job("r", 0.0, show(3, slo), plan()), cores=16))[0][1] for slo in promised]
    assert [shot.rung for shot in first] == ["fast", "fast", "fine"]
    assert "needed in" in first[1].reason


def test_a_batch_is_made_as_planned() -> None:
    for start in (0, 1):
        record = play(Job("r", 0.0, show(12, Slo()), plan(start), watched=False), slow=HALF_SPEED)
        assert {shot.index for _, shot in shots(record)} == {start}
        films = [c for _, _, said in record.log for c in said if isinstance(c, cmd.StartTask) and c.node == "film"]
        assert {task.configuration.knobs["detail"] for task in films} == {NAMES[start]}


def test_a_batch_that_somebody_begins_to_watch_ends_its_shots_as_they_were_begun() -> None:
    job = Job("r", 0.0, show(12, Slo()), plan(1))
    record = play(job, "lowest")
    made = {shot.path: shot.index for _, shot in shots(record)}
    assert set(made.values()) == {1, 2}, "as planned until the player tells where it is"
    begun = [c for _, _, said in record.log for c in said if isinstance(c, cmd.StartTask)]
    for command in begun:
        if command.node == "film":
            assert command.configuration.knobs == {"detail": NAMES[made[command.path]]}


def test_two_shows_share_the_cores() -> None:
    jobs = [Job(name, 0.0, show(24), plan()) for name in ("one", "other")]
    work = Slowed(0.0, 0.0, 1.0)
    record = Simulation(2, work).run(jobs)
    for name in ("one", "other"):
        mine = [shot.index for _, shot in shots(record) if shot.run == name]
        assert 0 not in mine[3:20], "half of the cores do not keep up with the best"
        assert seen(record, name).stall_s < 1.0


@pytest.mark.parametrize("seed", range(3))
def test_a_batch_beside_a_show_costs_it_next_to_nothing_and_takes_what_the_show_leaves(seed: int) -> None:
    work = Slowed(0.0, 0.0, 1.0, 0.1, seed)
    jobs = [Job("batch", 0.0, show(24, Slo()), plan(1), watched=False), Job("show", 4.0, show(24), plan())]
    record, alone = Simulation(2, work).run(jobs), Simulation(2, work).run(jobs[1:])
    waited = seen(record, "show").stall_s - seen(alone, "show").stall_s
    assert waited < 0.3, "a clip of the first shots may be late by chance; a film of the batch takes 5.5 s"
    ends = {run: end.at_s for run, end in record.ends.items()}
    assert ends["show"] < ends["batch"], "although the batch began first"
    mine = [[shot.quality for _, shot in shots(one) if shot.run == "show"] for one in (record, alone)]
    assert sum(mine[0]) > 0.95 * sum(mine[1]), "nobody who watches pays for it with quality"


def test_decisions_are_replayed_as_they_were() -> None:
    record = play(Job("r", 0.0, show(24), plan()), slow=HALF_SPEED, noise=0.2, seed=4)
    assert len(set(indices(record))) > 1
    events = [msgspec.json.decode(msgspec.json.encode(event), type=ev.Event) for _, event, _ in record.log]
    again = replay(zip([now for now, _, _ in record.log], events, strict=True), 2)
    assert list(again) == [commands for _, _, commands in record.log]


def test_a_run_that_is_resumed_goes_on_with_its_shots_as_they_were_begun() -> None:
    graph, planned = show(6), plan()
    scheduler = Scheduler(2, rungs="lowest")
    done = tuple(ev.DoneItem("script", (n,), f"turn {n}", {"seconds": 5.0}) for n in range(2))
    made = (ev.ShotMade((0,), "normal"), ev.ShotMade((1,), "gone"))
    commands = scheduler.handle(ev.RunResumed("r", graph, planned, done, shots=made), 0.0)
    for number in range(4):
        commands += scheduler.handle(ev.WorkerJoined(f"w{number}"), 0.1)
    while films := [c for c in commands if isinstance(c, cmd.StartTask | cmd.LoadModel)]:
        begun = [c for c in commands if isinstance(c, cmd.StartTask) and c.node == "film"]
        if len(begun) == 2:
            break
        command = films[0]
        commands.remove(command)
        event: ev.Event | None = None
        if isinstance(command, cmd.LoadModel):
            event = ev.ModelLoaded(command.worker, command.model)
        if isinstance(command, cmd.StartTask) and command.node == "speech":
            event = ev.TaskFinished(command.lease, "said", {}, 0.3)
        commands += scheduler.handle(event, 1.0) if event is not None else []
    assert {c.path: c.configuration.knobs["detail"] for c in begun} == {(0,): "normal", (1,): "fast"}


class Faster(Simulation):
    """A viewer who plays ``rate`` seconds of the show in a second, and says so."""

    rate = 2.0

    def tell(self, event: ev.Event) -> None:
        if isinstance(event, ev.PlaybackMoved):
            event = msgspec.structs.replace(event, position_s=event.position_s * self.rate, rate=self.rate)
        super().tell(event)


class Shortened(Slowed):
    """Shots are over ``Faster.rate`` times as soon."""

    def seconds_shown(self, run: str, graph: Graph, path: Path) -> float:
        return super().seconds_shown(run, graph, path) / Faster.rate


def test_shots_for_a_viewer_at_twice_the_speed_are_made_on_rungs_that_keep_up() -> None:
    def waited(rungs: str) -> tuple[float, list[str]]:
        record = Faster(2, Shortened(0.0, 0.0, 1.0), rungs=rungs).run([Job("r", 0.0, show(48), plan())])
        return record.shows["r"].stall_s, [shot.rung for _, shot in shots(record)]

    (least, _), (adaptive, made) = waited("lowest"), waited("adaptive")
    assert adaptive <= least + 0.1
    assert made.count("normal") > 5


def test_the_cores_that_shows_take_are_counted_at_the_rate_of_their_viewers() -> None:
    scheduler = Scheduler(2)
    scheduler.handle(ev.RunSubmitted("r", show(12), plan()), 0.0)
    usual = scheduler.demand
    scheduler.handle(ev.PlaybackMoved("r", 0.0, rate=1.5), 1.0)
    assert scheduler.demand == 1.5 * usual > 0


def test_a_batch_whose_viewers_have_left_takes_no_more_cores_from_shows() -> None:
    scheduler = Scheduler(2)
    scheduler.handle(ev.RunSubmitted("batch", show(12, Slo()), plan()), 0.0)
    scheduler.handle(ev.PlaybackMoved("batch", 0.0, rate=2.0), 1.0)
    assert scheduler.demand > 0
    scheduler.handle(ev.PlaybackLeft("batch"), 6.0)
    assert scheduler.demand == 0
    scheduler.handle(ev.PlaybackLeft("another"), 6.0)
