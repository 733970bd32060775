"""A real podcast whose shots are made on every rung in turn: one playlist, one canvas, told shot by shot."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import av
import pytest

from murakkab.engine import Engine, EngineOptions
from murakkab.language import find_workflow, load_workflow
from murakkab_optimizer.policies import rungs
from murakkab_optimizer.policies.rungs import Choice, ShotView

SCRIPT = "\n\n".join(f"{name}: {text}" for name, text in zip(["Ada", "Ben"] * 4, ["Hello there.", "Why?"] * 4))  # noqa: B905
SIZE = {"width": 320, "height": 180, "fps": 12}


class InTurn:
    """Every rung of the plan, one after the other."""

    def choose(self, view: ShotView) -> Choice:
        return Choice(view.number % len(view.rungs), f"it is the turn of number {view.number}")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rungs")
    (folder / "script.txt").write_text(SCRIPT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(rungs.POLICIES, "in-turn", InTurn)
        return folder / asyncio.run(make(folder))


async def make(folder: Path) -> str:
    engine = Engine(EngineOptions(runs=folder, cache=False, rungs="in-turn"))
    await engine.start()
    try:
        inputs = {"script": str(folder / "script.txt"), **SIZE}
        run = await engine.submit(load_workflow(find_workflow("podcast")), inputs, seed=5)
        assert (await engine.wait(run))["status"] == "succeeded"
        return run
    finally:
        await engine.close()


def report(made: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((made / "report.json").read_text())
    return found


def test_every_segment_plays_on_one_canvas(made: Path) -> None:
    playlist = (made / "hls" / "video.m3u8").read_text()
    names = re.findall(r"^\S+\.m4s$", playlist, re.MULTILINE)
    assert playlist.count("EXT-X-MAP") == 1, "one init segment, so one set of parameters"
    assert "DISCONTINUITY" not in playlist
    init = (made / "hls" / "init.mp4").read_bytes()
    joined = made / "joined.mp4"
    joined.write_bytes(init + b"".join((made / "hls" / name).read_bytes() for name in names))
    with av.open(str(joined)) as file:
        frames = [(frame.width, frame.height) for frame in file.decode(video=0)]
    assert set(frames) == {(SIZE["width"], SIZE["height"])}
    assert len(frames) == round(report(made)["duration_s"] * SIZE["fps"])


def test_every_shot_is_told(made: Path) -> None:
    facts, page = report(made), (made / "report.html").read_text()
    shots = facts["shots"]
    assert len(shots) == 8
    plan = json.loads((made / "plan.json").read_text())
    assert {shot["rung"] for shot in shots} == {rung["name"] for rung in plan["rungs"]}
    seconds = sum(shot["seconds"] for shot in shots)
    assert seconds == pytest.approx(facts["duration_s"], abs=0.1)
    mean = sum(shot["quality"] * shot["seconds"] for shot in shots) / seconds
    assert facts["quality"] == pytest.approx(mean, abs=1e-3)
    assert facts["top_share"] == pytest.approx(sum(s["seconds"] for s in shots if s["index"] == 0) / seconds, abs=1e-3)
    assert all(shot["reason"] in page for shot in shots)


def test_a_low_rung_does_not_correct_the_profile_of_a_high_one(made: Path) -> None:
    from murakkab.engine.feed import read_events
    from murakkab.engine.resume import committed
    from murakkab.profiling.correct import configured, rungs_of

    event = committed(made)
    events = read_events(made / "events.jsonl")
    found = rungs_of(event.plan, events)
    filming = set(event.plan.rungs[0].nodes)
    assert {shot.path: shot.rung for shot in event.shots} == {path: rung.name for path, rung in found.items()}
    for node in (event.graph.node(name) for name in filming):
        for path, rung in found.items():
            longer = path if node.depth == len(path) else (*path, 0)
            assert configured(event.plan, found, node, longer) == rung.nodes[node.name]
    assert configured(event.plan, found, event.graph.node("speech"), path) == event.plan.nodes["speech"].chosen
