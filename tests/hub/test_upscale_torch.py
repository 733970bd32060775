"""Compact up-scaling networks whose pixels are known, read from files as those of a hub are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from murakkab_runtimes.base import Cancelled, InputError, OutOfMemory, Runtime, Task, Unavailable, runtime_class
from murakkab_runtimes.media.video import decode_clip, encode_clip
from tests.hub.conftest import hub_card

torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")


def tensors(layers: int = 2, width: int = 8, scale: int = 2, *, zero: bool = False) -> dict[str, Any]:
    """Of a network with so many convolutions between the first and the last."""
    drawn = torch.Generator().manual_seed(0)
    widths = [3, *[width] * (layers + 1), 3 * scale**2]
    found = {}
    for at in range(len(widths) - 1):
        found[f"body.{2 * at}.weight"] = torch.randn(widths[at + 1], widths[at], 3, 3, generator=drawn) / 10
        found[f"body.{2 * at}.bias"] = torch.randn(widths[at + 1], generator=drawn) / 10
        if at < len(widths) - 2:
            found[f"body.{2 * at + 1}.weight"] = torch.full((width,), 0.2)
    return {name: tensor * (0 if zero else 1) for name, tensor in found.items()}


def network(folder: Path, name: str, made: Any, suffix: str = "safetensors", **knobs: Any) -> Runtime:
    place = folder / "tiny" / name
    place.mkdir(parents=True, exist_ok=True)
    if suffix == "pth":
        torch.save(made, place / "net.pth")
    else:
        from safetensors.torch import save_file

        save_file(made, place / "net.safetensors")
    card = hub_card("upscale-torch", "video-to-video", f"tiny/{name}", knobs=knobs)
    return runtime_class(card.adapter)(card, 1)


def pictures(count: int = 3, height: int = 18, width: int = 32) -> list[Any]:
    return list(np.random.default_rng(1).integers(0, 256, (count, height, width, 3), np.uint8))


def clip(folder: Path, width: int = 64, height: int = 36, frames: int = 5) -> dict[str, Any]:
    y, x = np.mgrid[0:height, 0:width]
    seen = [np.dstack([x * 3 + n, y * 4, x + y]).astype(np.uint8) for n in range(frames)]
    encode_clip(folder / "source.h264", seen, width, height, 24, crf=10, layout="rgb24")
    return {"video": folder / "source.h264", "frames": frames, "fps": 24, "width": width, "height": height}


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_a_network_of_zeros_repeats_pixels(models: Path, scale: int) -> None:
    model = network(models, f"zero{scale}", tensors(scale=scale, zero=True))
    seen = pictures()
    for before, after in zip(seen, model.enlarge_all(seen), strict=True):  # type: ignore[attr-defined]
        np.testing.assert_array_equal(after, before.repeat(scale, 0).repeat(scale, 1))


def test_weights_that_are_known_give_pixels_that_are_known(models: Path) -> None:
    """One layer that adds 20/255, and 10/255 more to the red of the lower right pixel of each four."""
    made = tensors(layers=0, width=1, zero=True)
    made["body.2.bias"] += 20 / 255
    made["body.2.bias"][3] += 10 / 255
    after = network(models, "known", made).enlarge(np.full((4, 6, 3), 100, np.uint8))  # type: ignore[attr-defined]
    assert after.shape == (8, 12, 3)
    assert set(after[..., 1].flat) == {120}
    assert set(after[1::2, 1::2, 0].flat) == {130}
    assert set(after[::2, :, 0].flat) == {120}


def test_the_slope_counts_below_zero_alone(models: Path) -> None:
    def brightness(slope: float, bias: float) -> int:
        made = tensors(layers=0, width=1, zero=True)
        made["body.0.bias"] += bias
        made["body.1.weight"] += slope
        made["body.2.weight"][:, :, 1, 1] += 1.0
        model = network(models, f"slope{slope}{bias}", made)
        return int(model.enlarge(np.full((4, 4, 3), 100, np.uint8))[0, 0, 0])  # type: ignore[attr-defined]

    assert brightness(0.5, 40 / 255) == 140
    assert brightness(0.5, -40 / 255) == 80
    assert brightness(0.0, -40 / 255) == 100


def test_a_file_of_the_publisher_and_one_of_safetensors_are_the_same_network(models: Path) -> None:
    seen = pictures()
    kinds = [("st", tensors(), "safetensors"), ("pth", {"params": tensors()}, "pth"), ("bare", tensors(), "pth")]
    made = [list(network(models, f"same-{n}", t, s).enlarge_all(seen)) for n, t, s in kinds]  # type: ignore[attr-defined]
    np.testing.assert_array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[0], made[2])
    assert np.abs(made[0][0].astype(int) - seen[0].repeat(2, 0).repeat(2, 1)).mean() > 1


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_a_clip_is_enlarged_in_batches_of_any_size(models: Path, tmp_path: Path, batch: int) -> None:
    model = network(models, "clip", tensors(zero=True))
    done: list[float] = []
    arguments = {"clip": clip(tmp_path), "width": 128, "height": 72}
    knobs = {"batch": batch, "crf": 10}
    output = model.run(Task(arguments, tmp_path, knobs, on_progress=done.append))
    assert (output.value["width"], output.value["height"]) == (128, 72)
    assert output.meta["frames"] == 5
    assert output.meta["peak_mb"] > 0
    assert done == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    first = next(iter(decode_clip(Path(arguments["clip"]["video"]), "rgb24")))
    made = next(iter(decode_clip(output.value["video"], "rgb24")))
    assert np.abs(made.astype(int) - first.repeat(2, 0).repeat(2, 1)).mean() < 4


def test_it_stops_between_frames(models: Path, tmp_path: Path) -> None:
    seen: list[float] = []

    def stop(done: float) -> None:
        seen.append(done)
        if len(seen) == 2:
            raise Cancelled

    model = network(models, "stop", tensors(), batch=4)
    with pytest.raises(Cancelled):
        model.run(Task({"clip": clip(tmp_path), "width": 128, "height": 72}, tmp_path, on_progress=stop))
    assert len(seen) == 2


def test_the_number_format_is_a_knob(models: Path) -> None:
    seen = pictures()
    exact, coarse = (network(models, "format", tensors(), dtype=kind) for kind in ("float32", "bfloat16"))
    made = [np.stack(list(m.enlarge_all(seen))).astype(int) for m in (exact, coarse)]  # type: ignore[attr-defined]
    assert 0 < np.abs(made[0] - made[1]).mean() < 2


def test_what_does_not_fit_is_told(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("tried to allocate 40 GiB")

    model = network(models, "full", tensors())
    monkeypatch.setattr("torch.nn.functional.conv2d", full)
    with pytest.raises(OutOfMemory, match="full at 32x18, 3 frames does not fit into the memory of cpu"):
        model.enlarge_all(pictures())  # type: ignore[attr-defined]


class Code:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path("owned").touch, ())


def test_a_file_with_code_in_it_is_refused_and_not_run(models: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"net\.pth cannot be read"):
        network(models, "code", {"params": Code()}, "pth")
    assert not Path("owned").exists()


def test_files_that_are_no_such_network_are_refused(models: Path) -> None:
    with pytest.raises(InputError, match="not those of a compact"):
        network(models, "other", {"conv_first.weight": torch.zeros(8, 3, 3, 3)})
    with pytest.raises(InputError, match="not those of a compact"):
        network(models, "hole", {k: v for k, v in tensors().items() if k != "body.1.weight"})
    with pytest.raises(InputError, match="has 7 channels; 3 times a square"):
        network(
            models,
            "seven",
            tensors(layers=0) | {"body.2.weight": torch.zeros(7, 8, 3, 3), "body.2.bias": torch.zeros(7)},
        )
    place = models / "tiny" / "broken"
    place.mkdir(parents=True)
    card = hub_card("upscale-torch", "video-to-video", "tiny/broken")
    with pytest.raises(InputError, match="holds 0 files of weights"):
        runtime_class(card.adapter)(card, 1)
    (place / "net.safetensors").write_bytes(b"no tensors")
    with pytest.raises(InputError, match="cannot be read"):
        runtime_class(card.adapter)(card, 1)


def test_knobs_and_files_that_cannot_be_are_refused(models: Path, tmp_path: Path) -> None:
    model = network(models, "knob", tensors())
    with pytest.raises(InputError, match="'batch' is 0"):
        model.run(Task({"clip": clip(tmp_path), "width": 128, "height": 72}, tmp_path, {"batch": 0}))
    card = hub_card("upscale-torch", "video-to-video", "tiny/knob", options={"file": "other.pth"})
    with pytest.raises(Unavailable, match=r"other\.pth are not there"):
        runtime_class(card.adapter)(card, 1)
