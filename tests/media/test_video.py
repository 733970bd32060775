from pathlib import Path

import numpy as np
import pytest

from murakkab_runtimes.base import InputError
from murakkab_runtimes.media.annexb import nal_units, parse
from murakkab_runtimes.media.video import CHANNELS, PRESETS, ClipEncoder, decode_clip, encode_clip, frame_shape

from .conftest import HEIGHT, WIDTH, pictures

COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 100, 50)]


@pytest.mark.parametrize(("width", "height", "fps"), [(64, 48, 24), (640, 360, 24), (1280, 720, 30)])
def test_parameter_sets_depend_on_canvas_and_frame_rate_alone(
    tmp_path: Path, width: int, height: int, fps: int
) -> None:
    found = set()
    for number, preset in enumerate(PRESETS):
        path = tmp_path / f"{preset}.h264"
        frames = pictures(2 + number, width, height)
        encode_clip(path, frames, width, height, fps, preset=preset, crf=18 + number, threads=1 + number % 2)
        clip = parse(path.read_bytes())
        found.add((clip.sps, clip.pps))
    assert len(found) == 1


def test_another_frame_rate_has_other_parameter_sets(tmp_path: Path) -> None:
    sets = []
    for fps in (24, 30):
        encode_clip(tmp_path / "clip", pictures(1), WIDTH, HEIGHT, fps)
        sets.append(parse((tmp_path / "clip").read_bytes()).sps)
    assert sets[0] != sets[1]


def test_a_clip_is_one_closed_group_in_display_order(tmp_path: Path) -> None:
    path = tmp_path / "clip.h264"
    encode_clip(path, pictures(40), WIDTH, HEIGHT, 24, preset="medium")
    kinds = [unit[0] & 31 for unit in nal_units(path.read_bytes()) if unit[0] & 31 in (1, 5)]
    assert kinds == [5] + [1] * 39
    assert len(parse(path.read_bytes()).pictures) == 40


@pytest.mark.parametrize("layout", [layout for layout in CHANNELS if layout != "yuv420p"])
def test_colours_survive_in_every_layout(tmp_path: Path, layout: str) -> None:
    stripes = np.repeat(np.array(COLOURS, np.uint8), 16, axis=0)[None].repeat(48, axis=0)
    frame = np.dstack([stripes, np.full(stripes.shape[:2], 255, np.uint8)])[..., : CHANNELS[layout]]
    path = tmp_path / "clip.h264"
    encode_clip(path, [frame] * 3, 96, 48, 24, crf=8, layout=layout)
    last = list(decode_clip(path, layout))[-1]
    for number, colour in enumerate(COLOURS):
        assert np.abs(last[24, 16 * number + 8, :3].astype(int) - colour).max() <= 8


def test_decoding_returns_the_frames_in_order(tmp_path: Path) -> None:
    path = tmp_path / "clip.h264"
    encode_clip(path, pictures(10), WIDTH, HEIGHT, 24, crf=12)
    decoded = list(decode_clip(path, "bgra"))
    assert len(decoded) == 10
    for frame, wanted in zip(decoded, pictures(10), strict=True):
        assert np.abs(frame[..., 2].astype(int) - wanted[..., 2]).mean() < 6


def test_planar_frames_pass_without_conversion(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    encode_clip(first, pictures(4), WIDTH, HEIGHT, 24, crf=4)
    frames = list(decode_clip(first, "yuv420p"))
    assert frames[0].shape == frame_shape(WIDTH, HEIGHT, "yuv420p") == (72, 64)
    encode_clip(second, frames, WIDTH, HEIGHT, 24, crf=1, layout="yuv420p")
    again = list(decode_clip(second, "yuv420p"))
    assert np.abs(again[-1].astype(int) - frames[-1]).max() <= 4


def test_a_painter_fills_the_frame_it_painted_before(tmp_path: Path) -> None:
    seen = []

    def paint(frame: np.ndarray) -> None:
        seen.append(int(frame[0, 0, 0]))
        frame += 10

    with ClipEncoder(tmp_path / "clip", WIDTH, HEIGHT, 24) as encoder:
        for _ in range(3):
            encoder.add(paint)
    assert seen == [0, 10, 20]
    assert encoder.frames == encoder.finish() == 3


def test_equal_frames_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        encode_clip(tmp_path / name, pictures(8), WIDTH, HEIGHT, 24)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(("width", "height", "fps"), [(641, 360, 24), (640, 361, 24), (0, 360, 24), (640, 360, 0)])
def test_an_impossible_canvas_is_refused_by_name(tmp_path: Path, width: int, height: int, fps: int) -> None:
    with pytest.raises(InputError, match="must be"):
        ClipEncoder(tmp_path / "clip", width, height, fps)


def test_unknown_settings_name_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="veryfast"):
        ClipEncoder(tmp_path / "clip", WIDTH, HEIGHT, 24, preset="quick")
    with pytest.raises(InputError, match="rgb24"):
        ClipEncoder(tmp_path / "clip", WIDTH, HEIGHT, 24, layout="cmyk")


def test_a_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match=r"\(48, 64, 4\)"),
        ClipEncoder(tmp_path / "clip", WIDTH, HEIGHT, 24) as encoder,
    ):
        encoder.add(np.zeros((48, 60, 4), np.uint8))


@pytest.mark.parametrize("data", [b"", b"nonsense" * 50, bytes(1000)])
def test_what_is_no_video_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "clip.h264"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"clip\.h264"):
        list(decode_clip(path))
    with pytest.raises(InputError, match="IDR"):
        parse(data)
