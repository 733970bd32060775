"""A diffusion pipeline in three nodes, each with its own instances: text encoders, denoiser, decoder.

They exchange safetensors files. Where one part hands over to the next, the library's own call is cut: the encoder ends
when the text is encoded, the denoiser begins there and ends where the autoencoder would decode. So the parts together
do just what the pipeline does, and give the same bytes at the same seed on the same kind of device (StreamWise,
arXiv 2603.05800, disaggregates denoiser and autoencoder in this way).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.hub import tensors
from murakkab_runtimes.hub.diffusion import Diffusion, Pictures, larger, middle, pictures, read_picture
from murakkab_runtimes.hub.diffusion_parts import DECODER, DENOISER, ENCODER
from murakkab_runtimes.hub.settings import LOADED_WITH, SPREAD_WITH
from murakkab_runtimes.image.diffusion import save_picture
from murakkab_runtimes.image.scene import sides
from murakkab_runtimes.video.diffusion import Length, save_film


class _Reached(Exception):
    """The part of another node begins."""


class TextEncoder(Runtime):
    """Encodes a prompt. Value: ``{"embeddings": file}``; the knob ``guidance`` must be as the picture is to be made.

    Option ``pipeline`` must be a class that begins with words alone; its encoders are those of its sisters.
    """

    loaded_with = LOADED_WITH

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        self._model = Diffusion(card, threads, ENCODER)
        self.meter = self._model.meter
        if self._model.needs("image"):
            raise InputError(
                f"{card.name}: {type(self._model.pipe).__name__} begins with a picture, so its text cannot be encoded "
                "alone; name a class that begins with words as the option 'pipeline', or run it whole"
            )

    def run(self, task: Task) -> Output:
        """Encode one prompt."""
        prompt = task.arguments.get("prompt")
        if not isinstance(prompt, str) or not prompt.strip():
            raise InputError(f"{self.card.name}: the prompt is empty; give words")
        asked = {"prompt": prompt, "negative": task.arguments.get("negative")}
        guidance = self._model.knob(task, "guidance")
        pipe, found = self._model.pipe, []
        encode = pipe.encode_prompt

        def encoded(*said: Any, **more: Any) -> Any:  # noqa: ANN401
            found.append(encode(*said, **more))
            return found[-1]

        with _replaced(pipe, "encode_prompt", encoded), _replaced(pipe, "prepare_latents", _reached):  # noqa: SIM117
            with _replaced(pipe.scheduler, "set_timesteps", _reached):
                _until_reached(self._model, task, asked)
        path = task.scratch / "embeddings.safetensors"
        tensors.save(found, {"of": _family(self.card), "asked": {**asked, "guidance": guidance}}, path)
        return Output({"embeddings": path}, {"peak_mb": self._model.peak_mb()})


class Denoiser(Runtime):
    """Makes the latents of a picture, or of a film where ``seconds`` are asked for.

    Arguments: ``embeddings`` (of the text encoder), ``width`` and ``height`` in pixels, ``image`` to begin with,
    ``seconds``, ``fps``. Value: ``{"latents": file, "frames", "fps", "width", "height"}``.
    """

    loaded_with = SPREAD_WITH

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        self._model = Diffusion(card, threads, DENOISER)
        self.meter = self._model.meter

    def run(self, task: Task) -> Output:
        """Denoise one picture or film."""
        pipe, size = self._model.pipe, sides(task.arguments)
        embeddings, facts = tensors.load(task.arguments.get("embeddings"), self._model.device)
        _check_family(self.card, facts)
        length = Length.of(self._model, task) if task.arguments.get("seconds") else Length(1, 1, 1)
        asked = {**facts["asked"], **self._asked(task, size, length)}
        coded, seen = iter(embeddings), []

        def decode(*latents: Any, **_more: Any) -> NoReturn:  # noqa: ANN401
            seen.append(latents)
            raise _Reached

        with _replaced(pipe, "encode_prompt", lambda *_a, **_k: next(coded)), _replaced(pipe.vae, "decode", decode):
            _until_reached(self._model, task, asked)
        value = {"frames": length.shown, "fps": length.fps, "width": size[0], "height": size[1]}
        path = task.scratch / "latents.safetensors"
        tensors.save(seen[0], {"of": _family(self.card), "made": length.made, **value}, path)
        return Output({"latents": path, **value}, {"peak_mb": self._model.peak_mb()})

    def _asked(self, task: Task, size: tuple[int, int], length: Length) -> dict[str, Any]:
        width, height = larger(size, self.card)
        asked: dict[str, Any] = {"width": width, "height": height}
        if task.arguments.get("image") is not None:
            asked["image"] = read_picture(task.arguments["image"], (width, height))
        elif self._model.needs("image"):
            kind = type(self._model.pipe).__name__
            raise InputError(f"{self.card.name}: {kind} begins with a picture; give the node 'image'")
        return asked | ({"frames": length.made, "fps": length.fps} if task.arguments.get("seconds") else {})


class Decoder(Runtime):
    """Decodes latents.

    Value: ``{"image": PNG}`` for a picture, ``{"video": raw H.264, "frames", "fps"}`` for a film, with its size.
    """

    loaded_with = LOADED_WITH

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        self._model = Diffusion(card, threads, DECODER)
        self.meter = self._model.meter

    def run(self, task: Task) -> Output:
        """Decode one picture or film."""
        latents, facts = tensors.load(task.arguments.get("latents"), self._model.device)
        _check_family(self.card, facts)
        self._model.meter.begin()
        with self._model.meter.working(f"{self.card.name} at {facts['width']}x{facts['height']}"):
            seen = self._decoded(latents, partial(task.progress, 0.0))
        if len(seen) < facts["made"]:
            raise InputError(f"{self.card.name}: this pipeline decodes piece by piece; it cannot be run in parts")
        size = (facts["width"], facts["height"])
        shown = middle(seen[: facts["frames"]], size)
        return Output(_saved(shown, facts, task.scratch, task.threads), {"peak_mb": self._model.peak_mb()})

    def _decoded(self, latents: list[Any], alive: Callable[[], object]) -> Pictures:
        import torch

        pipe = self._model.pipe
        if latents[0].dtype != pipe.vae.dtype:
            pipe.vae.to(latents[0].dtype)
        with torch.no_grad(), self._model.resting(), self._model.stopping(alive):
            values = pipe.vae.decode(*latents, return_dict=False)[0]
            if hasattr(pipe, "video_processor"):
                return pictures([pipe.video_processor.postprocess_video(values, output_type="np")])
            only = values[:, :, 0] if values.ndim == 5 else values  # a picture of an autoencoder of films
            return pictures([pipe.image_processor.postprocess(only, output_type="np")])


def _saved(shown: Pictures, facts: dict[str, Any], folder: Path, threads: int) -> dict[str, Any]:
    size = {"width": facts["width"], "height": facts["height"]}
    if facts["made"] == 1:
        return {"image": save_picture(shown[0], folder), **size}
    return {"video": save_film(shown, facts["fps"], folder, threads), "frames": len(shown), "fps": facts["fps"], **size}


def _family(card: ModelCard) -> str:
    """Parts fit together that are of the same weights."""
    return card.weights.repo if card.weights else card.name


def _check_family(card: ModelCard, facts: dict[str, Any]) -> None:
    if facts["of"] != _family(card):
        raise InputError(
            f"{card.name} is a part of {_family(card)} and cannot go on with what one of {facts['of']} made; "
            "name the parts of one model with 'where: {model: ...}'"
        )


def _until_reached(model: Diffusion, task: Task, asked: dict[str, Any]) -> None:
    try:
        model.call(task, asked)
    except _Reached:
        return
    raise InputError(f"{model.card.name}: {type(model.pipe).__name__} cannot be run in parts")


def _reached(*_said: Any, **_more: Any) -> NoReturn:  # noqa: ANN401
    raise _Reached


@contextmanager
def _replaced(holder: Any, name: str, value: Any) -> Iterator[None]:  # noqa: ANN401
    """While it lasts, a method of one object is another one."""
    object.__setattr__(holder, name, value)
    try:
        yield
    finally:
        object.__delattr__(holder, name)
