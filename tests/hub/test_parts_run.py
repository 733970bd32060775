"""A pipeline in three parts as a workflow of the real command, with worker processes of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gallery.working import EXAMPLES, run

pytest.importorskip("torch", reason="comes with the extra 'torch'")
pytest.importorskip("diffusers", reason="comes with the extra 'diffusers'")

CARD = """---
apiVersion: murakkab/v1
kind: Model
name: tiny-{part}
capability: {capability}
adapter: diffusers-{part}
description: Part of a tiny pipeline.
licence: Apache-2.0
source: made in the test
weights: {{repo: tiny/flux}}
knobs: {knobs}
needs: {{threads: 1, memory_mb: 900}}
"""
PARTS = (
    ("encoder", "text-encoding", "{guidance: 3.5}"),
    ("denoiser", "latent-denoising", "{steps: 2}"),
    ("decoder", "latent-decoding", "{}"),
)


@pytest.mark.soak
def test_the_example_paints_a_picture_in_three_steps(
    monkeypatch: pytest.MonkeyPatch, models: Path, tmp_path: Path
) -> None:
    from PIL import Image

    from tests.hub.pipelines import save_flux

    save_flux(models / "tiny" / "flux")
    cards = tmp_path / "cards"
    cards.mkdir()
    text = "".join(CARD.format(part=part, capability=name, knobs=knobs) for part, name, knobs in PARTS)
    (cards / "tiny.yaml").write_text(text)
    monkeypatch.setenv("MURAKKAB_CATALOG", str(cards))
    example = (EXAMPLES / "disaggregated" / "picture.yaml").read_text().replace("flux-1-schnell-", "tiny-")
    (tmp_path / "picture.yaml").write_text(example)
    code, end, told = run(tmp_path, str(tmp_path / "picture.yaml"), "--width", "64", "--height", "64")
    assert code == 0, told
    with Image.open(end["outputs"]["picture"]) as picture:
        assert picture.size == (64, 64)
