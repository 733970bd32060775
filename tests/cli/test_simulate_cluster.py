"""``murakkab simulate`` of a plan on accelerators: rungs, spot instances that are taken away, more instances."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.plan import Configuration, Instances, NodePlan, Plan, Rung

from .conftest import Invoke

WORKFLOW = str(Path(__file__).parents[2] / "examples" / "streamwise" / "podcast.yaml")
STAGES = {
    "draft": ("framepack-denoiser", 4, 2.5),
    "footage": ("framepack-vae", 1, 1.2),
    "lips": ("fantasy-talking-denoiser", 16, 33.0),
    "talk": ("fantasy-talking-vae", 1, 2.0),
}
OTHERS = {"cast": "cast", "outline": "smollm2", "script": "smollm2", "speech": "flite", "studio": "drawn-scene"}
OTHERS |= {"speaker": "yolo11x", "upscale": "lanczos", "package": "fmp4", "episode": "mp4"}


def on_cores(model: str, seconds: float = 0.1) -> Configuration:
    return Configuration(model, {}, Needs(0, 20), seconds, "cpu", 0, 0.8)


def plan() -> Plan:
    """Drafts of film, or film with lips, on H100."""
    stages = {
        node: Configuration(model, {"steps": 10}, Needs(1, 100), seconds, "H100", devices, 0.8)
        for node, (model, devices, seconds) in STAGES.items()
    }
    silent = stages | {node: on_cores(STAGES[node][0], 0.0) for node in ("lips", "talk")}
    rungs = [
        Rung(name, nodes, quality, 0.1, {node: one.seconds / 5 for node, one in nodes.items()})
        for name, nodes, quality in (("full", stages, 1.0), ("no lips", silent, 0.4))
    ]
    chosen = {node: on_cores(model) for node, model in OTHERS.items()} | stages
    groups = [
        Instances(model, "H100", devices, 8 if node == "lips" else 2, spot=node == "lips")
        for node, (model, devices, _) in STAGES.items()
    ]
    nodes = {node: NodePlan(one, "the only one") for node, one in chosen.items()}
    return Plan(nodes, instances=(*groups, Instances("flite", "cpu", 1, 8)), rungs=tuple(rungs))


@pytest.fixture
def asked(tmp_path: Path) -> tuple[str, ...]:
    file, cluster = tmp_path / "plan.json", tmp_path / "farm.yaml"
    file.write_bytes(msgspec.json.encode(plan()))
    cluster.write_text(
        "apiVersion: murakkab/v1\nkind: Cluster\nmetadata: {name: farm}\nbilling: held\ndevices:\n"
        "  - {type: H100, count: 160, spot: true}\n  - {type: H100, count: 16, spot: false}\n"
        "memory: 1000GiB\ncpu: {cores: 64, price: 0, peak_w: 5}\n",
        encoding="utf-8",
    )
    options = ("--cluster", str(cluster), "--plan", str(file), "--slo", "ttff=1s", "--warm", "--duration", "240")
    return ("simulate", WORKFLOW, *options)


def test_it_tells_rungs_and_what_was_lost(invoke: Invoke, asked: tuple[str, ...]) -> None:
    answer = invoke(*asked, "--evict", "25%@25%:20")
    assert answer.code == 0, answer.err
    assert "of the show: full" in answer.out
    assert "first as planned" in answer.out
    assert "2 of 14 instances were lost: 2 x fantasy-talking-denoiser on 16 H100" in answer.out


def test_spot_instances_can_be_taken_away_without_a_stall(invoke: Invoke, asked: tuple[str, ...]) -> None:
    def found(*words: str) -> dict[str, object]:
        answer = invoke(*asked, "--json", *words)
        assert answer.code == 0, answer.err
        told: dict[str, object] = json.loads(answer.out)["runs"][0]
        return told

    calm, taken, none = found(), found("--evict", "25%@50%"), found("--rungs", "top")
    assert float(str(calm["stall_s"])) < 1.0
    assert calm["stall_s"] == taken["stall_s"]
    assert calm["ttff_s"] == taken["ttff_s"]
    assert float(str(none["ttff_s"])) > 3 * float(str(calm["ttff_s"]))
    held = found("--instances", "fantasy-talking-denoiser=10")
    assert float(str(held["makespan_s"])) < float(str(calm["makespan_s"]))


def test_instances_are_taken_as_often_as_the_cluster_says(invoke: Invoke, asked: tuple[str, ...]) -> None:
    cluster = Path(asked[asked.index("--cluster") + 1])
    text = cluster.read_text(encoding="utf-8")
    cluster.write_text(text.replace("spot: true}", "spot: true, evictions_per_hour: 0.4}"), encoding="utf-8")
    answer = invoke(*asked, "--json", "--evict", "rate:30")
    assert answer.code == 0, answer.err
    lost = json.loads(answer.out)["lost"]
    assert 0 < len(lost) < 8
    assert set(lost) == {"fantasy-talking-denoiser on 16 H100"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--instances", "gemma-3-27b=2"), "the plan holds no instance of 'gemma-3-27b'"),
        (("--instances", "framepack-vae"), "Write --instances MODEL=N"),
        (("--instances", "fantasy-talking-denoiser=11"), "176 H100 are held and farm has 160"),
        (("--evict", "rate"), "farm does not say how often"),
        (("--evict", "25%@soon"), "where AT may be a share of the show"),
        (("--evict", "125%@50%"), "SHARE%@AT:BACK"),
    ],
)
def test_what_cannot_be_read_is_told(invoke: Invoke, asked: tuple[str, ...], words: tuple[str, ...], told: str) -> None:
    answer = invoke(*asked, *words)
    assert answer.code == 2
    assert told in answer.err
    assert "Traceback" not in answer.err
