"""``murakkab plan`` for accelerators that have no room for a large model in its usual settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from murakkab_runtimes.workers.binding import Accelerator

from .conftest import Invoke

PAINT = """\
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: paint, description: Paints a picture.}
nodes:
  picture:
    capability: text-to-image
    where: {model: flux-1-dev}
    section: {title: The tide}
    width: 1280
    height: 720
outputs: {picture: "${{ nodes.picture }}"}
"""
ONE = """\
apiVersion: murakkab/v1
kind: Cluster
metadata: {name: one}
devices: [{type: A100, count: 1, memory: MEMORY, server: 1}]
"""


@pytest.mark.parametrize(
    ("memory", "knobs"),
    [
        ("80GB", {"quantization": "none", "offload": "none"}),
        ("28GB", {"quantization": "none", "offload": "model"}),
        ("24GB", {"quantization": "nf4", "offload": "none"}),
        ("16GB", {"quantization": "nf4", "offload": "model"}),
    ],
)
def test_flux_is_made_to_fit_the_card(invoke: Invoke, tmp_path: Path, memory: str, knobs: dict[str, Any]) -> None:
    (tmp_path / "paint.yaml").write_text(PAINT)
    (tmp_path / "one.yaml").write_text(ONE.replace("MEMORY", memory))
    answer = invoke("plan", "paint.yaml", "--cluster", "one.yaml", "--json")
    assert answer.code == 0, answer.err
    picture = json.loads(answer.out)["nodes"]["picture"]
    assert knobs.items() <= picture["chosen"]["knobs"].items()
    assert picture["provenance"].startswith("estimated: ") or memory == "80GB"
    assert ("since in its usual settings it needs 40,000 MB and A100 has" in picture["reason"]) == (memory != "80GB")


def test_a_person_sets_how_a_published_model_is_loaded(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "paint.yaml").write_text(PAINT)
    (tmp_path / "one.yaml").write_text(ONE.replace("MEMORY", "80GB"))
    asked = ("quantization=nf4", "dtype=float16", "attention=eager", "compile=true", "tiling=true", "offload=group")
    uses = [word for one in asked for word in ("--use", f"picture.{one}")]
    answer = invoke("plan", "paint.yaml", "--cluster", "one.yaml", "--json", *uses)
    assert answer.code == 0, answer.err
    knobs = json.loads(answer.out)["nodes"]["picture"]["chosen"]["knobs"]
    assert knobs == {
        "steps": 25, "quantization": "nf4", "dtype": "float16", "attention": "eager", "compile": True, "tiling": True,
        "offload": "group", "context_parallel": 1,
    }  # fmt: skip


def test_what_has_no_room_at_all_is_told(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "paint.yaml").write_text(PAINT)
    (tmp_path / "one.yaml").write_text(ONE.replace("MEMORY", "8GB"))
    answer = invoke("plan", "paint.yaml", "--cluster", "one.yaml")
    assert (answer.code, answer.out) == (3, "")
    assert "flux-1-dev: it needs 40,000 MB and A100 has 7,629" in answer.err


PART = """---
apiVersion: murakkab/v1
kind: Model
name: NAME
capability: calculation
adapter: calculator
description: Stands for a part that needs an accelerator.
licence: Apache-2.0
source: made in the test
needs: {threads: 1, memory_mb: 50, accelerator_mb: 8000}
"""
PARTS = """\
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: parts, description: Works in two parts.}
nodes:
  first: {capability: calculation, where: {model: part-a}, expression: 1 + 1}
  second: {capability: calculation, where: {model: part-b}, expression: 2 + 2}
outputs: {last: "${{ nodes.second }}"}
"""


def test_models_that_nobody_measured_take_turns_on_one_accelerator(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "parts.yaml").write_text("".join(PART.replace("NAME", f"part-{n}") for n in "ab"))
    (tmp_path / "parts.yaml").write_text(PARTS)
    monkeypatch.setenv("MURAKKAB_CATALOG", str(tmp_path / "cards"))
    there = tuple(Accelerator(f"GPU-{n}", "NVIDIA H100 80GB HBM3", 81_559, 700.0) for n in "ab")
    for count, told in ((2, "nobody measured part-b on H100"), (1, "they take turns")):
        monkeypatch.setattr("murakkab.profiling.accelerators.accelerators", lambda count=count: there[:count])
        answer = invoke("plan", "parts.yaml", "--json")
        assert answer.code == 0, answer.err
        plan = json.loads(answer.out)
        assert any(told in note for note in plan["notes"])
        assert [plan["nodes"][name]["chosen"]["device"] for name in ("first", "second")] == ["H100", "H100"]
