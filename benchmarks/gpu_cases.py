"""What ``gpu_models`` measures: models with random weights, run by the adapters that run those of a hub."""

from __future__ import annotations

import gc
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.gpu_architectures import write_llama, write_pipeline
from benchmarks.gpu_weights import drawn_on, weight_mb
from murakkab_optimizer.catalog import ModelCard, Weights
from murakkab_runtimes.base import Task

Case = dict[str, int]
"""Numbers that say how much work a task is."""

PROMPT = "the tide rises over the sea and falls by the moon"
WORDS = ("the", "tide", "rises", "over", "sea", "and", "falls", "by", "moon")
FPS = 16
THREADS = 1
"""Of the processor, as the cards of hub models ask for."""


@dataclass(frozen=True)
class Group:
    """A model, loaded once, and the cases that it is asked for.

    Attributes:
        name: of the rows.
        checkpoint: name in ``gpu_architectures``.
        load: makes, of a card, what does one case: ``(case, scratch folder, progress) -> None``.
        knobs: of the card.
        options: of the card.
        cases: in the order of measuring; cases of one shape follow each other, the one with the least work first.
        shape: which of a case's numbers make another shape of tensors, for which the model is warmed up.
    """

    name: str
    checkpoint: str
    load: Callable[[ModelCard], Model]
    cases: list[Case]
    shape: tuple[str, ...]
    knobs: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A loaded model: ``do`` does a case; ``weights_mb`` is the size of all its weights."""

    do: Callable[[Case, Path, Callable[[float], None]], None]
    weights_mb: float


def groups(*, tiny: bool) -> list[Group]:
    """Everything that is measured, the most telling first."""
    return [
        _pictures("flux", "flux", 3.5, 512, tiny=tiny),
        _language(tiny=tiny),
        *_films(tiny=tiny),
        _pictures("sdxl", "sdxl", 5.0, 0, tiny=tiny),
        *([] if tiny else [_compiled()]),
    ]


def _pictures(name: str, checkpoint: str, guidance: float, words: int, *, tiny: bool) -> Group:
    if tiny:
        sizes, steps = [(32, 32), (64, 32)], [1, 2]
    elif checkpoint == "flux":
        sizes, steps = [(320, 240), (640, 480), (1280, 720), (1920, 1072), (2560, 1440)], [1, 5, 10]
    else:
        sizes, steps = [(512, 512), (768, 768), (1024, 1024), (1280, 720), (1536, 1536)], [5, 10, 30]
    cases = [{"width": w, "height": h, "steps": s} for (w, h), s in itertools.product(sizes, steps)]
    constants = {"constants": {"max_sequence_length": min(words, 32) if tiny else words}} if words else {}
    options = {"multiple": 16 if checkpoint == "flux" else 8, **constants}
    return Group(name, checkpoint, load_pictures, cases, ("width", "height"), {"guidance": guidance}, options)


def _compiled() -> Group:
    """Flux as StreamWise measured it: compiled, which takes long the first time."""
    cases = [{"width": 1280, "height": 720, "steps": steps} for steps in (1, 5, 10)]
    options = {"multiple": 16, "constants": {"max_sequence_length": 512}}
    knobs = {"guidance": 3.5, "compile": True}
    return Group("flux, compiled", "flux", load_pictures, cases, ("width", "height"), knobs, options)


def _films(*, tiny: bool) -> list[Group]:
    """A film transformer in three parts, as the adapters of parts run it."""
    sizes = [(32, 32)] if tiny else [(480, 272), (832, 480)]
    frames = [5, 9] if tiny else [17, 33, 49, 81]
    shapes: list[Case] = [{"width": w, "height": h, "frames": f} for (w, h), f in itertools.product(sizes, frames)]
    steps = [1, 2] if tiny else [2, 5]
    options = {
        "multiple": 16,
        "frames": {"every": 4},
        "fps": FPS,
        "dtypes": {"vae": "float32"},
        "constants": {"max_sequence_length": 16 if tiny else 512},
    }
    knobs = {"guidance": 5.0}
    cases = [{**shape, "steps": s} for shape, s in itertools.product(shapes, steps)]
    sides = ("width", "height", "frames")
    return [
        Group("wan, denoiser", "wan", load_denoiser, cases, sides, knobs, options),
        Group("wan, decoder", "wan", load_decoder, shapes, sides, {}, options),
        Group("wan, text encoder", "wan", load_encoder, [{"prompts": 1}], ("prompts",), knobs, options),
    ]


def _language(*, tiny: bool) -> Group:
    batches, prompts, tokens = ([1, 2], [8, 16], [1, 4]) if tiny else ([1, 4, 16, 64], [128, 1024], [1, 64])
    cases = [{"batch": b, "prompt": p, "tokens": t} for b, p, t in itertools.product(batches, prompts, tokens)]
    return Group("llama 8b", "llama", load_language, cases, ("batch", "prompt"))


def load_pictures(card: ModelCard) -> Model:
    """The adapter of pictures."""
    from murakkab_runtimes.image.diffusion import DiffusionImage

    adapter = DiffusionImage(card, THREADS)

    def do(case: Case, scratch: Path, progress: Callable[[float], None]) -> None:
        asked = {"section": {"title": PROMPT}, "width": case["width"], "height": case["height"]}
        adapter.run(Task(asked, scratch, knobs={"steps": case["steps"]}, on_progress=progress))

    return Model(do, _weights(adapter))


def load_encoder(card: ModelCard) -> Model:
    """The adapter of text encoders."""
    from murakkab_runtimes.hub.disaggregated import TextEncoder

    adapter = TextEncoder(card, THREADS)

    def do(_case: Case, scratch: Path, progress: Callable[[float], None]) -> None:
        adapter.run(Task({"prompt": PROMPT}, scratch, on_progress=progress))

    return Model(do, _weights(adapter))


def load_denoiser(card: ModelCard) -> Model:
    """The adapter of denoisers. The encoded prompt comes from the adapter of text encoders, which goes again."""
    from murakkab_runtimes.hub.disaggregated import Denoiser

    folder = Path(tempfile.mkdtemp(prefix="embeddings-", dir=os.environ["MURAKKAB_MODELS"]))
    load_encoder(card).do({}, folder, lambda _: None)
    free()
    adapter = Denoiser(card, THREADS)

    def do(case: Case, scratch: Path, progress: Callable[[float], None]) -> None:
        size = {"width": case["width"], "height": case["height"], "seconds": case["frames"] / FPS, "fps": FPS}
        asked = {"embeddings": folder / "embeddings.safetensors", **size}
        adapter.run(Task(asked, scratch, knobs={"steps": case["steps"]}, on_progress=progress))

    return Model(do, _weights(adapter))


def load_decoder(card: ModelCard) -> Model:
    """The adapter of decoders. It is given noise, as large as what a denoiser gives."""
    import torch

    from murakkab_runtimes.hub import tensors
    from murakkab_runtimes.hub.disaggregated import Decoder

    adapter = Decoder(card, THREADS)
    assert card.weights is not None
    family = card.weights.repo

    def do(case: Case, scratch: Path, _progress: Callable[[float], None]) -> None:
        sides = (case["height"] // 8, case["width"] // 8)
        noise = torch.randn(1, 16, (case["frames"] - 1) // 4 + 1, *sides)
        facts = {"of": family, "made": case["frames"], "fps": FPS, **case}
        tensors.save((noise,), facts, scratch / "latents.safetensors")
        adapter.run(Task({"latents": scratch / "latents.safetensors"}, scratch))

    return Model(do, _weights(adapter))


def load_language(card: ModelCard) -> Model:
    """The adapter of language models, asked for batches."""
    from murakkab_runtimes.text.model import Request
    from murakkab_runtimes.text.transformers import Transformers

    adapter = Transformers(card, THREADS)

    def do(case: Case, _scratch: Path, _progress: Callable[[float], None]) -> None:
        words = " ".join(itertools.islice(itertools.cycle(WORDS), case["prompt"]))
        request = Request(({"role": "user", "content": words},), max_tokens=case["tokens"], temperature=0.0)
        adapter.complete_all([request] * case["batch"])

    return Model(do, weight_mb(adapter._model))


@contextmanager
def loaded(group: Group, device: Any, *, tiny: bool) -> Iterator[tuple[Model, float]]:  # noqa: ANN401
    """The model of a group and the seconds that it took to draw and place it; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="murakkab-gpu-") as folder:
        repo = Path(folder) / "random" / group.checkpoint
        if group.checkpoint == "llama":
            write_llama(repo, tiny=tiny)
        else:
            write_pipeline(group.checkpoint, repo, tiny=tiny)
        before = os.environ.get("MURAKKAB_MODELS")
        os.environ["MURAKKAB_MODELS"] = folder
        try:
            began = time.perf_counter()
            with drawn_on(device):
                model = group.load(_card(group))
            yield model, time.perf_counter() - began
        finally:
            os.environ.pop("MURAKKAB_MODELS")
            if before is not None:
                os.environ["MURAKKAB_MODELS"] = before


def free() -> None:
    """Give back what nothing refers to any more."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _card(group: Group) -> ModelCard:
    return ModelCard(
        name=group.name,
        capability="benchmark",
        adapter="benchmark",
        description="A full-size architecture with random weights.",
        licence="Apache-2.0",
        source="random",
        weights=Weights(f"random/{group.checkpoint}"),
        knobs=dict(group.knobs),
        options=dict(group.options),
    )


def _weights(adapter: Any) -> float:  # noqa: ANN401 - an adapter of diffusers
    import torch

    parts = adapter._model.pipe.components.values()
    return sum(weight_mb(part) for part in parts if isinstance(part, torch.nn.Module))
