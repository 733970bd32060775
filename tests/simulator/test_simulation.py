"""Virtual time: when things happen, what a viewer sees, what is lost with a worker, and what is written down."""

from __future__ import annotations

import itertools
import json
import random
from collections import defaultdict

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Edge, Graph, Node, Path, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan
from murakkab_optimizer.policies.queueing import POLICIES
from murakkab_optimizer.scheduler import Command, Event
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.simulator import (
    Fault,
    Job,
    PlannedWork,
    Recorded,
    RecordedWork,
    Simulation,
    bursts,
    chrome_trace,
    figures,
    poisson,
    replay,
)
from murakkab_optimizer.simulator.figures import quantiles
from tests.scheduler.worlds import random_graph, random_plan
from tests.simulator.shows import TURN_S, filmed, plan, show

Log = list[tuple[float, Event, list[Command]]]


def fixed(turns: int) -> PlannedWork:
    return PlannedWork(items={"outline": 1, "script": turns})


def simulate(*jobs: Job, cores: int = 2, work: PlannedWork | None = None, faults: tuple[Fault, ...] = ()) -> Recorded:
    return Simulation(cores, work or fixed(4)).run(jobs, faults)


def test_time_is_what_the_plan_says() -> None:
    graph = Graph("two", (Node("first", "work"), Node("second", "work", {}, (Edge("first"),))), slo=Slo(latency=10.0))
    chosen = {
        name: NodePlan(Configuration("pen", seconds=s), "the only one") for name, s in (("first", 2.0), ("second", 3.0))
    }
    jobs = [Job("r", 7.0, graph, Plan(chosen))]
    record = Simulation(1, PlannedWork(), loads={"pen": 0.5}).run(jobs)
    assert record.ends["r"].at_s == 7.0 + 0.5 + 2.0 + 3.0
    (run,) = figures(jobs, record).runs
    assert (run.makespan_s, run.ttff_s, run.kept) == (5.5, None, True)


def begun(record: Recorded, node: str) -> list[float]:
    return [span.ends - span.begins for span in sorted(record.spans, key=lambda s: s.path) if span.node == node]


def test_a_program_writes_the_opening_and_the_first_clip_is_short() -> None:
    record = Simulation(4, PlannedWork()).run([Job("r", 0.0, filmed(3), plan(script_s=0.4))])
    assert begun(record, "script") == pytest.approx([0.0, 0.6, 0.6]), "the model writes the rest, as much as before"
    clips = [
        float(event.meta["seconds"])
        for _, event, _ in record.log
        if isinstance(event, ev.ItemEmitted) and "hosts/0.0#" in event.lease
    ]
    assert clips[0] == pytest.approx(0.5)
    assert sum(clips) == pytest.approx(2.5), "the first turn is as long as it is"


def test_first_tasks_take_what_an_earlier_run_showed() -> None:
    work = PlannedWork(openings={"speech": 0.05, "hosts": 0.3})
    record = Simulation(4, work, contention=False).run([Job("r", 0.0, filmed(3), plan())])
    assert begun(record, "speech")[:2] == pytest.approx([0.05, 0.2])
    (began,) = (now for now, _, said in record.log for one in said if _starts(one, "hosts", (0, 0)))
    first = next(
        now for now, event, _ in record.log if isinstance(event, ev.ItemEmitted) and "hosts/0.0#" in event.lease
    )
    assert first - began == pytest.approx(0.3), "of what streams, until its first item"
    assert max(begun(record, "hosts")) == pytest.approx(1.0), "and the whole task as before"


def test_first_tasks_are_slowed_down_by_other_runs_and_not_by_their_own() -> None:
    """They were timed beside the tasks of their own run: of two at once on one core, each took what it took."""
    both = Graph("both", (Node("pen", "draw"), Node("ink", "draw")))
    known = Plan({name: NodePlan(Configuration(name, needs=Needs(0), seconds=9.0), "") for name in ("pen", "ink")})
    work = PlannedWork(openings={"pen": 1.0, "ink": 1.0})
    later = {
        after_s: Simulation(1, work, workers=9).run([Job("a", 0.0, both, known), Job("b", after_s, both, known)]).ends
        for after_s in (0.0, 0.5, 5.0)
    }
    assert [ends["a"].at_s for ends in later.values()] == pytest.approx([4.0, 2.5, 1.0])
    assert [ends["b"].at_s for ends in later.values()] == pytest.approx([4.0, 3.0, 6.0])


def _starts(said: Command, node: str, path: Path) -> bool:
    return isinstance(said, cmd.StartTask) and (said.node, said.path) == (node, path)


def test_a_viewer_starts_with_the_first_item_and_waits_for_what_is_late() -> None:
    jobs = [Job("r", 1.0, show(), plan(hosts_s=7.0))]
    record = simulate(*jobs, cores=1)
    (run,) = figures(jobs, record).runs
    assert run.ttff_s == pytest.approx(record.shows["r"].first_s - 1.0)  # type: ignore[operator]
    played = [e for _, e, _ in record.log if isinstance(e, ev.PlaybackMoved)]
    assert run.stall_s > 3.0, "pictures take seven seconds and last five at most"
    assert played[-1].stall_s == pytest.approx(run.stall_s, abs=TURN_S)
    assert [e.position_s for e in played] == sorted(e.position_s for e in played)
    assert not run.kept
    assert record.shows["r"].shown_s == pytest.approx(2.5 + 3 * TURN_S), "the first turn is short"


def test_a_show_that_is_made_faster_than_it_plays_never_stalls() -> None:
    jobs = [Job("r", 0.0, show(), plan())]
    (run,) = figures(jobs, simulate(*jobs)).runs
    assert run.stall_s == 0.0
    assert run.ttff_s is not None
    assert run.ttff_s < 1.5
    assert run.kept


@pytest.mark.parametrize("blame", [True, False])
def test_what_a_lost_worker_was_at_is_made_again(blame: bool) -> None:
    jobs = [Job("r", 0.0, show(), plan())]
    record = simulate(*jobs, faults=(Fault(1.0, 0.5, 2.0, blame),))
    assert record.ends["r"].status == "succeeded"
    lost = [span for span in record.spans if span.outcome == "lost"]
    assert lost
    again = {(span.node, span.path) for span in record.spans if span.outcome == "done"}
    assert all((span.node, span.path) in again for span in lost)
    joined = [now for now, event, _ in record.log if isinstance(event, ev.WorkerJoined)]
    assert joined[-2:] == [3.0, 3.0]


@pytest.mark.parametrize(("back_s", "status"), [(None, "unfinished"), (300.0, "succeeded")])
def test_it_ends_when_nothing_can_go_on_and_not_before(back_s: float | None, status: str) -> None:
    jobs = [Job("r", 0.0, show(), plan()), Job("later", 100.0, show(), plan())]
    record = Simulation(2, fixed(4)).run(jobs, [Fault(1.5, 1.0, back_s)], until=5000.0)
    found = figures(jobs, record)
    assert [run.status for run in found.runs] == [status] * 2
    assert record.shows["r"].first_s is not None, "so there is a viewer who goes on to wait"
    assert (found.stall_s is None) == (status == "unfinished"), "a wait without end is no stall of some seconds"
    assert 100.0 <= record.log[-1][0] < 2000.0, "the last timer of the kernel is that of a task of half an hour"


def test_equal_seeds_give_equal_runs_and_others_do_not() -> None:
    def ends(seed: int) -> float:
        return simulate(Job("r", 0.0, show(), plan()), work=PlannedWork(0.2, 0.2, seed)).ends["r"].at_s

    assert ends(1) == ends(1) != ends(2)


def test_a_recorded_run_is_played_again_as_it_was() -> None:
    jobs = [Job("r", 0.0, show(), plan())]
    record = simulate(*jobs, work=PlannedWork(0.3, 0.3, 5))
    again = Simulation(2, RecordedWork(record.log), contention=False).run([Job("other", 100.0, *show_and_plan())])
    assert again.ends["other"].at_s - 100.0 == pytest.approx(record.ends["r"].at_s)
    assert again.shows["other"].shown_s == pytest.approx(record.shows["r"].shown_s)


def show_and_plan() -> tuple[Graph, Plan]:
    return show(), plan()


def test_arrivals() -> None:
    times = poisson(2.0, 2000, seed=3)
    assert times == sorted(times)
    assert times[0] == 0.0
    assert 0.9 < times[-1] / 1000 < 1.1
    assert bursts(2, 10.0, 5) == [0.0, 0.0, 10.0, 10.0, 20.0]


def test_a_trace_has_every_span_and_no_worker_does_two_things_at_once() -> None:
    jobs = [Job(f"r{n}", float(n), show(), plan()) for n in range(3)]
    record = simulate(*jobs, faults=(Fault(2.0, 0.25, 1.0),))
    trace = json.loads(json.dumps(chrome_trace(record)))
    spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert len(spans) == len(record.spans)
    rows = defaultdict(list)
    for event in spans:
        rows[event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for row in rows.values():
        row.sort()
        assert all(end <= begin + 1e-3 for (_, end), (begin, _) in itertools.pairwise(row))
    assert sum("show" in event["name"] for event in trace["traceEvents"] if event["ph"] == "i") == 12
    assert trace["otherData"] == {"simulated": True}


def test_quantiles_are_values_that_occurred() -> None:
    found = quantiles([None, *range(1, 101)])
    assert found is not None
    assert (found.p50, found.p99) == (50, 99)
    assert quantiles([None]) is None


def check_replay(log: Log, cores: int, policy: str) -> None:
    """Through the journal's JSON and back, the kernel says the same."""
    encoded = msgspec.json.encode([(now, event) for now, event, _ in log])
    events = msgspec.json.decode(encoded, type=list[tuple[float, Event]])
    commands = [msgspec.json.encode(found) for found in replay(events, cores, policy)]
    assert commands == [msgspec.json.encode(found) for _, _, found in log]


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), policy=st.sampled_from(sorted(POLICIES)))
def test_a_simulated_journal_replays_to_the_same_commands(seed: int, policy: str) -> None:
    draw = random.Random(seed)
    cores = draw.randint(1, 4)
    graphs = [random_graph(draw) for _ in range(draw.randint(1, 3))]
    jobs = [Job(f"r{n}", draw.random() * 3, graph, timed(draw, graph, cores)) for n, graph in enumerate(graphs)]
    faults = [Fault(draw.random() * 5, draw.random(), draw.random(), draw.random() < 0.5) for _ in range(2)]
    items = {f"n{n}": draw.randint(0, 3) for n in range(9)}
    record = Simulation(cores, PlannedWork(0.5, 0.5, seed, items), policy=policy).run(jobs, faults)
    assert {end.status for end in record.ends.values()} <= {"succeeded", "failed"}
    assert len(record.ends) == len(jobs)
    started = [c.lease for _, _, commands in record.log for c in commands if isinstance(c, cmd.StartTask)]
    assert len(started) == len(set(started))
    check_replay(record.log, cores, policy)


def timed(draw: random.Random, graph: Graph, cores: int) -> Plan:
    """A random plan with times."""
    made = random_plan(draw, graph, cores)
    nodes = {
        name: msgspec.structs.replace(one, chosen=msgspec.structs.replace(one.chosen, seconds=draw.random()))
        for name, one in made.nodes.items()
    }
    return msgspec.structs.replace(made, nodes=nodes)


def test_tasks_slow_each_other_down_where_there_are_more_than_cores() -> None:
    graph = Graph("side by side", tuple(Node(f"n{number}", "work") for number in range(3)))
    chosen = NodePlan(Configuration("pen", {}, Needs(0, 50), 2.0), "the only one")
    jobs = [Job("r", 0.0, graph, Plan({node.name: chosen for node in graph.nodes}))]
    alone, beside = (
        Simulation(2, PlannedWork(), workers=3, contention=on).run(jobs).ends["r"].at_s for on in (False, True)
    )
    assert (alone, beside) == (2.0, 3.0)


def test_what_workers_hold_from_the_beginning_is_not_loaded_again() -> None:
    jobs = [Job("r", 0.0, *show_and_plan())]
    models = {node.chosen.model for node in jobs[0].plan.nodes.values()}
    loads = dict.fromkeys(models, 0.5)
    cold, warm = (Simulation(2, fixed(4), loads=loads, held=held).run(jobs) for held in ([], [models] * 4))
    assert not [span for span in warm.spans if not span.run]
    assert warm.ends["r"].at_s < cold.ends["r"].at_s
    joined = [event.held for _, event, _ in warm.log if isinstance(event, ev.WorkerJoined)]
    assert joined == [tuple(sorted(models))] * 4
