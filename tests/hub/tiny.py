"""Tiny pipelines as models of a catalogue, and tasks for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Output, Runtime, Task, runtime_class
from tests.hub.conftest import hub_card

SECTION = {"title": "The tide rises", "mood": "calm"}
WORDS = "the tide rises over the sea"
ADAPTERS = {
    "text-to-image": "diffusers-image",
    "image-to-image": "diffusers-image",
    "image-text-to-video": "diffusers-video",
    "text-encoding": "diffusers-encoder",
    "latent-denoising": "diffusers-denoiser",
    "latent-decoding": "diffusers-decoder",
}


def card(name: str, capability: str, knobs: Mapping[str, Any], **options: Any) -> ModelCard:
    return hub_card(ADAPTERS[capability], capability, f"tiny/{name}", knobs=dict(knobs), options=options)


def load(one: ModelCard) -> Runtime:
    return runtime_class(one.adapter)(one, 1)


def do(runtime: Runtime, folder: Path, seed: int = 0, **arguments: Any) -> dict[str, Any]:
    scratch = folder / str(len(list(folder.iterdir())))
    scratch.mkdir()
    found = runtime.run(Task(arguments, scratch, seed=seed))
    assert isinstance(found, Output)
    assert int(found.meta["peak_mb"]) > 0
    value: dict[str, Any] = found.value
    return value


def png(path: Path) -> Any:
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture)


STEPS = {"steps": 2, "guidance": 4.0}
