"""``murakkab plan`` for accelerators that have no room for a large model in its usual settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

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
    assert picture["chosen"]["knobs"] == {"steps": 25, **knobs}
    assert picture["provenance"].startswith("estimated: ") or memory == "80GB"
    assert ("since in its usual settings it needs 40,000 MB and A100 has" in picture["reason"]) == (memory != "80GB")


def test_what_has_no_room_at_all_is_told(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "paint.yaml").write_text(PAINT)
    (tmp_path / "one.yaml").write_text(ONE.replace("MEMORY", "8GB"))
    answer = invoke("plan", "paint.yaml", "--cluster", "one.yaml")
    assert (answer.code, answer.out) == (3, "")
    assert "flux-1-dev: it needs 40,000 MB and A100 has 7,629" in answer.err
