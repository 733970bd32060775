"""Talks whose cut is known before anything of them is made."""

from __future__ import annotations

import pytest

from murakkab.engine.planning import make_plan
from murakkab.engine.talk_cut import Lengths, talk_cut
from murakkab.language import check_inputs, compile_graph, find_workflow, load_workflow
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.simulator import Job, PlannedWork, Recorded, Simulation
from tests.simulator.shows import filmed, plan


def begun(record: Recorded, node: str) -> list[float]:
    return [span.ends - span.begins for span in sorted(record.spans, key=lambda s: s.path) if span.node == node]


def test_a_cut_that_is_known_beforehand_goes_before_what_is_assumed() -> None:
    turns: Lengths = {(0,): (2.0,), (1,): (3.0, 9.0), (2,): (2.0,)}
    clips: Lengths = {(0, 0): (0.5, 2.0), (1, 0): (3.5,), (1, 1): (4.0, 5.5), (2, 0): (4.5,)}
    work = PlannedWork(items={"outline": 3}, cut={"script": turns, "hosts": clips})
    record = Simulation(4, work, contention=False).run([Job("r", 0.0, filmed(3), plan(script_s=0.4, hosts_s=1.0))])
    assert record.shows["r"].shown_s == pytest.approx(sum(map(sum, clips.values())))
    said = begun(record, "script")
    assert said[0] == said[2] == 0.0, "a program writes how a talk begins and ends"
    assert said[1] == pytest.approx(0.4 * 16 / 20), "and the model all seconds of the talk, at the pace of the plan"
    assert begun(record, "speech") == pytest.approx([0.2 * seconds / 5 for seconds in (2, 3, 9, 2)])
    assert begun(record, "hosts") == pytest.approx([0.2 * sum(cut) for cut in clips.values()])


def test_what_is_known_varies_by_chance_and_what_is_made_of_it_with_it() -> None:
    turns: Lengths = {(0,): (2.0,), (1,): (9.0,), (2,): (2.0,)}
    clips: Lengths = {(0, 0): (2.5,), (1, 0): (9.5,), (2, 0): (2.5,)}
    work = PlannedWork(0.0, 0.3, 7, {"outline": 3}, cut={"script": turns})
    record = Simulation(4, work, contention=False).run([Job("r", 0.0, filmed(3), plan())])
    items = (event for _, event, _ in record.log if isinstance(event, ev.ItemEmitted))
    drawn = [float(item.meta["seconds"]) for item in items if "script/" in item.lease]
    assert drawn != pytest.approx([2.0, 9.0, 2.0])
    assert begun(record, "speech") == pytest.approx([0.2 * seconds / 5 for seconds in drawn])
    both = PlannedWork(0.0, 0.3, 7, {"outline": 3}, cut={"script": turns, "hosts": clips})
    record = Simulation(4, both, contention=False).run([Job("r", 0.0, filmed(3), plan())])
    lucks = [seconds / known for seconds, known in zip(drawn, (2.0, 9.0, 2.0), strict=True)]
    films = [0.2 * cut[0] * luck for cut, luck in zip(clips.values(), lucks, strict=True)]
    assert begun(record, "hosts") == pytest.approx(films)


def podcast(seconds: float, **inputs: object) -> Graph:
    workflow = load_workflow(find_workflow("podcast"))
    return compile_graph(workflow, check_inputs(workflow, {"topic": "tides", "duration": seconds, **inputs}))


@pytest.mark.parametrize(("seconds", "sections", "exchanges"), [(12, 3, 1), (20, 3, 1), (30, 4, 2), (60, 4, 3)])
def test_the_podcast_is_cut_as_its_programs_do(seconds: int, sections: int, exchanges: int) -> None:
    graph = podcast(seconds)
    found = talk_cut(graph, make_plan(graph, 2), {"drawn-hosts": "drawn-hosts"})
    turns, clips = found.cut["script"], found.cut["hosts"]
    assert found.items == {"outline": sections}
    assert list(turns) == [(index,) for index in range(sections)]
    assert sum(seconds > 6.4 for section in turns.values() for seconds in section) == exchanges, "one answer each"
    assert set(clips) == {(*path, index) for path, said in turns.items() for index in range(len(said))}
    said, shown = sum(map(sum, turns.values())), sum(map(sum, clips.values()))
    assert said == pytest.approx(seconds, abs=7), "whole exchanges of 13 s"
    assert shown == pytest.approx(said + 0.42 * len(clips) + 2.8 + 0.13, abs=0.05 * len(clips)), "pauses, last card"
    assert clips[0, 0][:5] == (0.5,) * 5
    assert max(map(max, clips.values())) <= 2.0


def test_nothing_is_known_of_what_others_write_or_film() -> None:
    graph = podcast(60)
    assert "hosts" not in talk_cut(graph, make_plan(graph, 2), {}).cut
    assert talk_cut(Graph("none", ()), make_plan(graph, 2), {}).cut == {}
