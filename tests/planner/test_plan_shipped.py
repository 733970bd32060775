"""All shipped workflows on the shipped catalogue: as many cores as there are, the same sensible choices."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from murakkab.engine.planning import make_plan
from murakkab.language import check_inputs, compile_graph, find_workflow, load_workflow
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.hardware import Cluster, DeviceType, Offer
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.planner import PlanRequest, plan_workflow
from murakkab_runtimes.base import adapters
from murakkab_runtimes.catalog import load_catalog, load_profiles

EXPECTED = {
    "podcast": {
        "script": "smollm2",
        "speech": "hibari-joe",
        "scene": "drawn-scene",
        "hosts": "drawn-hosts",
        "upscale": "as-is",
    },
    "lecture": {"script": "smollm2", "speech": "hibari-joe", "picture": "drawn-slide", "shots": "moving-stills"},
    "story": {"story": "smollm2", "speech": "hibari-joe", "picture": "drawn-scene", "shots": "moving-stills"},
    "dub": {"sentence": "whisper", "draft": "smollm2", "speech": "hibari-joe"},
    "video-qa": {"speech": "whisper", "shown": "rapidocr", "draft": "smollm2"},
    "math-reflect": {"reflection.attempts": "smollm2", "reflection.vote": "majority"},
    "code-debate": {"debate.bold": "smollm2", "debate.judge": "best-of"},
}


@pytest.fixture(autouse=True)
def nothing_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans do not depend on what was measured on this machine, nor on how busy it is."""
    monkeypatch.setenv("MURAKKAB_PROFILES", str(tmp_path))
    monkeypatch.setattr("murakkab.engine.planning.SEARCH_S", 60.0)


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("plans") / "slides.md"
    file.write_text("# One\n\nA point.\n")
    return str(file)


def graph(name: str, file: str, **given: object) -> Graph:
    workflow = load_workflow(find_workflow(name))
    samples = {"document": file, "text": "what to do"}
    needed = {key: samples[declared.type] for key, declared in workflow.inputs.items() if declared.required}
    return compile_graph(workflow, check_inputs(workflow, needed | given))


def plan(made: Graph, cores: int, **more: object) -> Plan:
    core = DeviceType("cpu", 0.0, peak_w=4.0, server_size=cores, kind="cpu")
    cluster = Cluster("test", (Offer(core, cores, spot=False),), memory_mb=24000, billing="used")
    cards = [card for card in load_catalog().values() if card.adapter in adapters() and card.name != "openai"]
    return plan_workflow(PlanRequest(made, cards, load_profiles(), cluster, relax=False, **more))


@pytest.mark.parametrize("cores", [1, 2, 8])
@pytest.mark.parametrize("name", EXPECTED)
def test_a_shipped_workflow_is_planned_as_one_would_expect(name: str, cores: int, slides: str) -> None:
    made = plan(graph(name, slides), cores)
    chosen = {node: made.nodes[node].chosen.model for node in EXPECTED[name]}
    assert chosen == EXPECTED[name]
    assert made.method == "exact"
    assert all(node.reason and node.chosen.needs.threads <= cores for node in made.nodes.values())
    kept = [said for said in made.predictions if said.limit is not None and said.name != "quality"]
    assert all(said.value <= said.limit + 1e-6 for said in kept)


def test_hosts_are_drawn_whole_unless_a_person_asks_otherwise(slides: str) -> None:
    usual = plan(graph("podcast", slides), 2).nodes["hosts"].chosen
    assert usual.knobs == load_catalog()["drawn-hosts"].knobs | {"encoding": "fine"}
    small = plan(graph("podcast", slides), 2, pins={"hosts": Pin(knobs={"draw_height": 180})})
    assert small.nodes["upscale"].chosen.model == "lanczos"
    assert dict(small.nodes["upscale"].alternatives)["as-is"].startswith("as-is hands pictures on as they are")


def test_a_larger_picture_on_one_core_is_drawn_with_less(slides: str) -> None:
    made = plan(graph("podcast", slides, width=1920, height=1080), 1)
    hosts = made.nodes["hosts"]
    assert hosts.chosen.knobs != load_catalog()["drawn-hosts"].knobs
    assert "real time" in hosts.reason or "ttff" in hosts.reason


def test_a_longer_show_has_more_tasks(slides: str) -> None:
    short, long = (plan(graph("podcast", slides, duration=seconds), 2) for seconds in (60, 600))
    latency = [next(said.value for said in made.predictions if said.name == "latency") for made in (short, long)]
    assert 8 < latency[1] / latency[0] < 12
    assert "'script' gives 120 items: a turn every 5 s" in long.defaults


def test_the_words_of_a_run_do_not_matter(slides: str) -> None:
    one, other = (make_plan(graph("podcast", slides, topic=topic), 2) for topic in ("tides", "the history of bread"))
    assert one is other
    assert one.method == "exact"
    assert make_plan(graph("podcast", slides, duration=90), 2) is not one


def test_a_promise_that_cannot_be_kept_here_is_told(slides: str) -> None:
    made = graph("podcast", slides)
    hurried = msgspec.structs.replace(made, slo=msgspec.structs.replace(made.slo, ttff_s=0.001))
    plan = make_plan(hurried, 2)
    assert any("ttff 0.001 s cannot be kept here" in note for note in plan.notes)
    assert plan.nodes["upscale"].chosen.model == "as-is"
    assert any("the first run loads: smollm2" in note for note in make_plan(made, 2).notes)


def test_a_machine_with_little_memory_goes_on(slides: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("murakkab.profiling.machine._memory_bytes", lambda: 300 * 2**20)
    plan = make_plan(graph("podcast", slides, fps=23), 2)
    assert plan.method == "greedy"
    assert any("no room for all models at a time" in note for note in plan.notes)
