"""Tiny pipelines and their parts are measured as `murakkab profile` measures models."""

from __future__ import annotations

from pathlib import Path

import pytest

from murakkab.profiling.child import Child
from murakkab.profiling.messages import Measure, Measured
from murakkab_runtimes.catalog import load_catalog

pytest.importorskip("torch", reason="comes with the extra 'torch'")
pytest.importorskip("diffusers", reason="comes with the extra 'diffusers'")

CARD = """---
apiVersion: murakkab/v1
kind: Model
name: tiny-{name}
capability: {capability}
adapter: diffusers-{adapter}
description: A tiny pipeline, or a part of one.
licence: Apache-2.0
source: made in the test
weights: {{repo: tiny/{repo}}}
knobs: {knobs}
options: {options}
needs: {{threads: 1, memory_mb: 900}}
"""
FILM = "{multiple: 32, pipeline: LTXImageToVideoPipeline, frames: {every: 8}, fps: 8}"
CARDS = (
    ("encoder", "text-encoding", "encoder", "flux", "{guidance: 3.5}", "{}"),
    ("denoiser", "latent-denoising", "denoiser", "flux", "{steps: 2}", "{}"),
    ("decoder", "latent-decoding", "decoder", "flux", "{}", "{}"),
    ("film", "image-text-to-video", "video", "ltx", "{steps: 1}", FILM),
)


@pytest.mark.parametrize(("name", "units"), [("decoder", [1.0]), ("film", [8.0, 24.0])])
def test_a_tiny_pipeline_is_measured(
    monkeypatch: pytest.MonkeyPatch, pipelines: Path, tmp_path: Path, name: str, units: list[float]
) -> None:
    names = ("name", "capability", "adapter", "repo", "knobs", "options")
    text = "".join(CARD.format(**dict(zip(names, one, strict=True))) for one in CARDS)
    (tmp_path / "tiny.yaml").write_text(text)
    monkeypatch.setenv("MURAKKAB_CATALOG", str(tmp_path))
    monkeypatch.setattr("murakkab.profiling.probes.samples.HEIGHTS", (32,))
    monkeypatch.setattr("murakkab.profiling.probes.diffusion.FILMED", (32,))
    child = Child(load_catalog()[f"tiny-{name}"], tmp_path, {})
    found = child.answer(Measure(0, {}, repeats=1, cap_s=60.0))
    assert isinstance(found, Measured)
    assert [sample.units for sample in found.samples] == units
    assert all(sample.seconds > 0 for sample in found.samples)
    child.close()
