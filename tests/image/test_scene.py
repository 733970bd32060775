"""Scenes: fitting, repeatable, of the size that was asked for, whatever the words are."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skia
from PIL import Image

from murakkab_runtimes.base import InputError, Task, runtime_class
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.image.motifs.pen import Pen
from murakkab_runtimes.image.motifs.repertoire import MOTIFS
from murakkab_runtimes.image.palettes import BY_MOOD, FAMILIES, MOODS, choose, contrast, roles

TEXTS = [
    "", "   ", "<h1>Bees &amp; <script>alert(1)</script></h1>", "لماذا القمر", "月はなぜ", "🚀🌋", "a" * 5000,
    "\x00\u202e\ud800",
    "<" * 3000, "Ünïcödé ﬁsh", "100%",
]  # fmt: skip


def drawn(
    folder: Path, section: Any, seed: int = 1, size: tuple[int, int] = (320, 180), number: int = 0
) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    arguments = {"section": section, "width": size[0], "height": size[1]}
    runtime = runtime_class("drawn-scene")(load_catalog()["drawn-scene"], 1)
    value: dict[str, Any] = runtime.run(Task(arguments, folder, seed=seed, path=(number,))).value
    return value


def pixels(value: dict[str, Any]) -> np.ndarray:
    return np.asarray(Image.open(value["image"]).convert("RGB")).astype(int)


@pytest.mark.parametrize("size", [(640, 360), (321, 181), (360, 640), (16, 16)])
def test_a_picture_has_the_size_that_was_asked_for(tmp_path: Path, size: tuple[int, int]) -> None:
    value = drawn(tmp_path, {"title": "The sea"}, size=size)
    assert pixels(value).shape == (size[1], size[0], 3)
    assert value["drawn"] is True
    assert set(value["palette"]) == {"background", "surface", "accent", "accent2", "ink", "muted"}


def test_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    section = {"title": "Why the moon makes tides", "mood": "calm"}
    first, second = (drawn(tmp_path / name, section)["image"].read_bytes() for name in "ab")
    assert first == second


def test_seeds_and_sections_differ(tmp_path: Path) -> None:
    section = {"title": "Zyx", "mood": "calm"}
    pictures = {
        drawn(tmp_path / f"{seed}{number}", section, seed, number=number)["image"].read_bytes()
        for seed in range(3)
        for number in range(2)
    }
    assert len(pictures) == 6


def test_one_run_keeps_one_family_for_a_mood(tmp_path: Path) -> None:
    styles = {
        drawn(tmp_path / str(n), {"title": t, "mood": "warm"}, number=n)["style"]
        for n, t in enumerate(["Bread", "Car", ""])
    }
    assert len(styles) == 1


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_any_text_is_drawn(tmp_path: Path, number: int) -> None:
    text = TEXTS[number]
    section = {"title": text, "question": None, "keywords": [text, 3, None], "mood": text, "topic": text, "index": 1}
    assert pixels(drawn(tmp_path, section)).std() > 8


@pytest.mark.parametrize("section", [None, [], 7, {"title": {"x": 1}, "keywords": "bee, cat"}, {"mood": ["calm"]}])
def test_an_odd_section_is_drawn(tmp_path: Path, section: Any) -> None:
    assert pixels(drawn(tmp_path, section)).std() > 8


@pytest.mark.parametrize("width", [None, 0, -5, 1.5, "640", True, 10**9])
def test_a_wrong_width_is_named(tmp_path: Path, width: Any) -> None:
    with pytest.raises(InputError, match="width"):
        drawn(tmp_path, {}, size=(width, 180))


def test_the_png_holds_what_was_drawn(tmp_path: Path) -> None:
    from murakkab_runtimes.image.scene import picture, plan, write_png

    image = picture(plan({"title": "volcano"}, 4, ()), 97, 55)
    write_png(image, tmp_path / "x.png")
    known = Image.open(io.BytesIO(bytes(image.encodeToData(skia.kPNG, 100)))).convert("RGB")
    assert np.array_equal(np.asarray(known), np.asarray(Image.open(tmp_path / "x.png")))


@pytest.mark.parametrize("name", sorted(MOTIFS))
def test_every_motif_leaves_ink_in_its_place(name: str) -> None:
    kind = MOTIFS[name].kind
    board = np.zeros((180, 320, 4), np.uint8)
    with skia.Surface(board) as canvas:
        canvas.scale(2, 2)
        pen = Pen(canvas, FAMILIES["meadow"], random.Random(5))
        with pen.at(80, 45, 60) if kind == "object" else pen.at(0, 0):
            MOTIFS[name].draw(pen)
    inked = board[..., 3] > 60
    assert inked.mean() > (0.0005 if kind == "sky" else 0.01)
    if kind == "object":
        assert not inked[:, :70].any()
        assert not inked[:, -70:].any()


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_ink_stands_out_from_the_background(name: str) -> None:
    palette = roles(FAMILIES[name])
    assert contrast(palette["ink"], palette["background"]) >= 7
    assert contrast(palette["ink"], palette["surface"]) >= 4.5
    assert contrast(palette["muted"], palette["background"]) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("mood", [*MOODS, "grim", ""])
def test_varied_colours_stay_readable(mood: str) -> None:
    for seed in range(40):
        name, family = choose(mood, seed, random.Random(seed))
        assert name in BY_MOOD.get(mood, FAMILIES)
        palette = roles(family)
        assert contrast(palette["ink"], palette["background"]) >= 7
