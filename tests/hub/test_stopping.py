"""A task of a pipeline that is cancelled ends between two layers, and its model does the next one as ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from murakkab_runtimes.base import Cancelled, Runtime, Task
from tests.hub.tiny import SECTION, STEPS, WORDS, card, do, load

torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
pytest.importorskip("diffusers", reason="comes with the extra 'diffusers'")

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # schedulers of diffusers

FILM = {"multiple": 32, "frames": {"every": 8, "most": 9}, "fps": 8, "constants": {"max_sequence_length": 16}}
SIZE = {"width": 32, "height": 32}


class Stop:
    """Ends a task.

    Args:
        share: of the task that is done at least.
        calls: times that it was told of progress at least.

    """

    def __init__(self, share: float, calls: int) -> None:
        self._share, self._calls = share, calls
        self.seen: list[float] = []

    def __call__(self, done: float) -> None:
        self.seen.append(done)
        if done >= self._share and len(self.seen) >= self._calls:
            raise Cancelled


def stopped(runtime: Runtime, folder: Path, share: float, calls: int = 1, **arguments: Any) -> list[float]:
    """What a task told of its progress before it was cancelled; the model can do it all the same afterwards."""
    stop = Stop(share, calls)
    with pytest.raises(Cancelled):
        runtime.run(Task(arguments, folder, on_progress=stop))
    do(runtime, folder, **arguments)
    return stop.seen


def hooked(runtime: Runtime) -> bool:
    parts = runtime._model.pipe.components.values()  # type: ignore[attr-defined]
    layers = [layer for part in parts if isinstance(part, torch.nn.Module) for layer in part.modules()]
    return any(layer._forward_pre_hooks for layer in layers)


def test_progress_is_told_step_by_step_and_a_cancelled_task_ends(pipelines: Path, tmp_path: Path) -> None:
    model = load(card("sdxl", "text-to-image", {"steps": 4}))
    seen = stopped(model, tmp_path, 0.5, section=SECTION, **SIZE)
    assert sorted(set(seen)) == [0.0, 0.25, 0.5]
    assert not hooked(model)


def test_a_picture_is_not_painted_to_the_end_of_a_step(pipelines: Path, tmp_path: Path) -> None:
    model = load(card("flux", "text-to-image", {"steps": 1}))
    told: list[float] = []
    model.run(Task({"section": SECTION, **SIZE}, tmp_path, on_progress=told.append))
    before, after = told.count(0.0), told.count(1.0)
    assert before > 2  # layers of two encoders and of the denoiser
    assert after > 2  # the step, and layers of the autoencoder
    assert len(stopped(model, tmp_path, 0.0, calls=before, section=SECTION, **SIZE)) == before
    assert len(stopped(model, tmp_path, 1.0, calls=before + 2, section=SECTION, **SIZE)) == before + 2


def test_layers_that_are_compiled_as_one_are_not_told_of(
    pipelines: Path, tmp_path: Path, told_to_compile: list[str]
) -> None:
    told: dict[bool, list[float]] = {False: [], True: []}
    for compiled, seen in told.items():
        model = load(card("flux", "text-to-image", {"steps": 2, "compile": compiled}))
        model.run(Task({"section": SECTION, **SIZE}, tmp_path, on_progress=seen.append))
    assert told[True].count(0.5) == 1
    assert told[False].count(0.5) > 1
    assert told[True].count(1.0) == told[False].count(1.0) > 1


def test_a_film_ends_in_the_call_in_which_it_is_cancelled(pipelines: Path, tmp_path: Path) -> None:
    begin = do(load(card("sdxl", "text-to-image", STEPS)), tmp_path, section=SECTION, **SIZE)["image"]
    model = load(card("ltx", "image-text-to-video", STEPS, pipeline="LTXImageToVideoPipeline", **FILM))
    seen = stopped(model, tmp_path, 0.8, image=begin, prompt=WORDS, seconds=1.5, fps=8, **SIZE)
    assert 0.8 <= seen[-1] < 1.0
    assert seen == sorted(seen)
    assert not hooked(model)


def test_each_part_of_a_pipeline_ends_when_it_is_cancelled(pipelines: Path, tmp_path: Path) -> None:
    made: dict[str, Any] = {"prompt": WORDS, **SIZE}
    for capability, share, calls in (
        ("text-encoding", 0.0, 2),
        ("latent-denoising", 0.5, 1),
        ("latent-decoding", 0.0, 2),
    ):
        part = load(card("sdxl", capability, STEPS))
        assert stopped(part, tmp_path, share, calls, **made)[-1] == share
        assert not hooked(part)
        made |= do(part, tmp_path, **made)
