"""Drawn scenes: a flat illustration for a section, from its words, its mood and a seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import skia  # type: ignore[import-not-found]

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.image.motifs.library import MOTIFS, Motif
from murakkab_runtimes.image.motifs.pen import Pen
from murakkab_runtimes.image.palettes import Family, choose, lighter, mix, roles
from murakkab_runtimes.image.type import argb
from murakkab_runtimes.image.words import matching, text_of

SIDES = (16, 7680)
UNITS = 90.0
"""Height of every picture in drawing units."""

PLAIN_GROUNDS = {
    "calm": ("hills", "arches", "paper"),
    "warm": ("hills", "arches", "desert"),
    "bright": ("hills", "paper", "ribbons"),
    "thoughtful": ("arches", "ribbons", "orbits"),
    "playful": ("ribbons", "paper", "arches"),
    "dreamy": ("orbits", "hills", "ribbons"),
}


class DrawnScene(Runtime):
    """Draws the backdrop of a section.

    Arguments: section (``title``, ``question``, ``keywords``, ``mood``, ``topic``), width, height in pixels.
    Value: ``{"image": PNG, "palette": {role: "#rrggbb"}, "style": colour family, "motifs": [names], "drawn": true}``.
    """

    def run(self, task: Task) -> Output:
        """Draw one picture; equal seeds and paths give the same bytes."""
        width, height = sides(task.arguments)
        scene = plan(task.arguments.get("section"), task.seed, task.path)
        path = task.scratch / "scene.png"
        write_png(picture(scene, width, height), path)
        return Output(described(scene, path))

    def warm(self) -> None:
        """Draw a small picture."""
        picture(plan({"title": "sea"}, 0, ()), 64, 36)


@dataclass(frozen=True)
class Scene:
    """What a picture will show: decided before anything is drawn."""

    family_name: str
    family: Family
    ground: str
    skies: tuple[str, ...]
    objects: tuple[str, ...]
    chance: str


def plan(section: Any, seed: int, path: tuple[int, ...]) -> Scene:  # noqa: ANN401
    """Decide on colours and motifs for a section."""
    section = section if isinstance(section, Mapping) else {}
    mood = text_of(section.get("mood")).strip().lower() or "warm"
    chance = random.Random(f"scene {seed} {path}")
    name, family = choose(mood, seed, chance)
    found = [MOTIFS[motif] for motif in matching(section)]
    skies = _of("sky", found)[:2]
    objects = _of("object", found)[:3]
    grounds = _of("ground", found)[:1] or [chance.choice(PLAIN_GROUNDS.get(mood, PLAIN_GROUNDS["calm"]))]
    if not objects and not skies:
        skies = [chance.choice(("sun", "moon", "clouds"))]
    return Scene(name, family, grounds[0], tuple(skies), tuple(objects), f"strokes {seed} {path}")


def picture(scene: Scene, width: int, height: int) -> skia.Image:
    """Draw a scene at a size in pixels."""
    surface = skia.Surface(width, height)
    with surface as canvas:
        scale = height / UNITS
        canvas.scale(scale, scale)
        pen = Pen(canvas, scene.family, random.Random(scene.chance), width / scale, UNITS)
        _sky(pen)
        for name in scene.skies:
            MOTIFS[name].draw(pen)
        MOTIFS[scene.ground].draw(pen)
        _objects(pen, scene.objects)
        _vignette(pen)
    return surface.makeImageSnapshot()


def described(scene: Scene, path: Path) -> dict[str, Any]:
    """The value of a scene whose picture lies at ``path``."""
    return {
        "image": path,
        "palette": roles(scene.family),
        "style": scene.family_name,
        "motifs": [scene.ground, *scene.skies, *scene.objects],
        "drawn": True,
    }


def sides(arguments: Mapping[str, Any]) -> tuple[int, int]:
    """Width and height in pixels.

    Raises:
        InputError: one of them is no whole number from 16 to 7680.
    """
    found = []
    for name in ("width", "height"):
        value = arguments.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not SIDES[0] <= value <= SIDES[1]:
            raise InputError(f"scene: {name} is {value!r}; give a whole number of pixels from {SIDES[0]} to {SIDES[1]}")
        found.append(value)
    return found[0], found[1]


def write_png(image: skia.Image, path: Path) -> None:
    """Write an image as PNG."""
    path.write_bytes(bytes(image.encodeToData(skia.kPNG, 100)))


def _of(kind: str, found: list[Motif]) -> list[str]:
    return [motif.name for motif in found if motif.kind == kind]


def _sky(pen: Pen) -> None:
    family = pen.family
    colours = [argb(family.sky), argb(mix(family.sky, family.low, 0.55)), argb(family.low)]
    ends = [skia.Point(pen.width * 0.35, 0), skia.Point(pen.width * 0.65, 66)]
    shader = skia.GradientShader.MakeLinear(ends, colours, [0.0, 0.55, 1.0])
    pen.canvas.drawRect(skia.Rect.MakeWH(pen.width, pen.height), skia.Paint(Shader=shader, Dither=True))
    pen.halo(pen.width * pen.chance.uniform(0.3, 0.7), 58, 70, family.glow, 0.4)


PLACES = {
    1: ((0.5, 37, 46),),
    2: ((0.5, 37, 46), (0.2, 24, 22)),
    3: ((0.5, 37, 46), (0.2, 24, 21), (0.8, 24, 21)),
}
"""Where one, two or three objects stand: share of the width, height and size in units."""


def _objects(pen: Pen, names: tuple[str, ...]) -> None:
    places = PLACES.get(len(names), ())
    for number, (name, (share, y, size)) in enumerate(zip(names, places, strict=True)):
        with pen.at(share * pen.width, y + pen.chance.uniform(-1.5, 1.5), size):
            _seat(pen, main=number == 0)
            MOTIFS[name].draw(pen)


def _seat(pen: Pen, *, main: bool) -> None:
    """The soft disc that an object stands before."""
    pen.circle(5, 8, 60, pen.dark, 0.13, shade=0)
    pen.circle(0, 0, 60, lighter(mix(pen.far, pen.glow, 0.55), 0.1), 0.94 if main else 0.8, shade=0.16)
    pen.ring(0, 0, 66, 66, pen.light, 0.8, 0.5)


def _vignette(pen: Pen) -> None:
    """Darker corners, so that who stands in front stands out."""
    radius = pen.width * 0.72
    colours = [argb(pen.dark, 0), argb(pen.dark, 0), argb(pen.dark, 0.34)]
    shader = skia.GradientShader.MakeRadial(skia.Point(pen.width / 2, 36), radius, colours, [0.0, 0.5, 1.0])
    pen.canvas.drawRect(skia.Rect.MakeWH(pen.width, pen.height), skia.Paint(Shader=shader, Dither=True))
