"""Drawn scenes: a flat illustration for a section, from its words, its mood and a seed."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import skia

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.image.motifs.pen import Pen, around
from murakkab_runtimes.image.motifs.repertoire import MOTIFS, Motif
from murakkab_runtimes.image.palettes import Family, choose, mix, roles
from murakkab_runtimes.image.standing import cast, draw_standing
from murakkab_runtimes.image.type import argb
from murakkab_runtimes.image.words import matching, stems, text_of

SIDES = (16, 7680)
_UP = 2
"""PNG's filter that stores the difference from the row above."""

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


AROUND = {
    "volcano": ("stars",),
    "craters": ("stars",),
    "orbits": ("stars", "clouds"),
    "forest": ("sun", "moon"),
    "mountains": ("clouds", "sun"),
}
"""Skies that suit a ground when the words name none."""


class DrawnScene(Runtime):
    """Draws the backdrop of a section.

    Arguments: section (``title``, ``question``, ``keywords``, ``mood``, ``topic``, ``composition``), width, height in
    pixels; the composition ``standing`` sets objects into the landscape instead of on a plate before it.
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
    standing: bool = False


def plan(section: Any, seed: int, path: tuple[int, ...]) -> Scene:  # noqa: ANN401
    """Decide on colours and motifs for a section."""
    section = section if isinstance(section, Mapping) else {}
    mood = text_of(section.get("mood")).strip().lower() or "warm"
    chance = random.Random(f"scene {seed} {path}")
    found = [MOTIFS[motif] for motif in matching(section)]
    skies = _of("sky", found)[:2]
    name, family = choose(mood, seed, chance, dark="stars" in skies or "moon" in skies)
    standing = section.get("composition") == "standing"
    objects = tuple(_of("object", found)[: _room(found)])
    if standing:
        words = stems(f"{text_of(section.get('title'))} {text_of(section.get('keywords'))}")
        objects = cast(_of("object", found), words)
    plain = [ground for ground in PLAIN_GROUNDS.get(mood, PLAIN_GROUNDS["calm"]) if not objects or ground != "orbits"]
    grounds = _of("ground", found)[:1] or [chance.choice(plain)]
    if not skies:
        skies = [chance.choice(AROUND.get(grounds[0], ("clouds",) if objects else ("sun", "clouds")))]
    return Scene(name, family, grounds[0], tuple(skies), objects, f"strokes {seed} {path}", standing)


def _room(found: list[Motif]) -> int:
    """How many objects the picture takes: one before a landscape that was asked for, two beside a sun or moon."""
    if found and found[0].kind != "object":
        return 1
    return 2 if any(motif.kind == "sky" for motif in found) else 3


def picture(scene: Scene, width: int, height: int) -> skia.Image:
    """Draw a scene at a size in pixels."""
    surface = skia.Surface(width, height)
    with surface as canvas:
        scale = height / UNITS
        canvas.scale(scale, scale)
        pen = Pen(canvas, scene.family, random.Random(scene.chance), width / scale, UNITS)
        if scene.objects:
            pen.focus = pen.chance.choice((0.2, 0.8))
        _sky(pen)
        for name in scene.skies:
            MOTIFS[name].draw(pen)
        MOTIFS[scene.ground].draw(pen)
        (draw_standing if scene.standing else _objects)(pen, scene.objects)
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
    """Write an image as PNG, each row as its difference from the row above, packed fast rather than small."""
    pixels = image.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3]
    height, width = pixels.shape[:2]
    rows = np.empty((height, 1 + 3 * width), np.uint8)
    rows[:, 0] = _UP
    flat = pixels.reshape(height, -1)
    rows[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 1)), (b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _of(kind: str, found: list[Motif]) -> list[str]:
    return [motif.name for motif in found if motif.kind == kind]


def _sky(pen: Pen) -> None:
    family = pen.family
    colours = [argb(family.sky), argb(mix(family.sky, family.low, 0.55)), argb(family.low)]
    ends = [skia.Point(pen.width * 0.35, 0), skia.Point(pen.width * 0.65, 66)]
    shader = skia.GradientShader.MakeLinear(ends, colours, [0.0, 0.55, 1.0])
    pen.canvas.drawRect(skia.Rect.MakeWH(pen.width, pen.height), skia.Paint(Shader=shader, Dither=True))
    pen.halo(pen.width * pen.chance.uniform(0.3, 0.7), 58, 70, family.glow, 0.4)


def _objects(pen: Pen, names: tuple[str, ...]) -> None:
    """The first object large in the middle, a second one opposite the sun or moon, a third in its place."""
    main = pen.chance.choice(SEATS)
    places = ((0.5, 37, 46), (1 - pen.focus, 23, 20), (pen.focus, 23, 20))
    for number, (name, (share, y, size)) in enumerate(zip(names, places, strict=False)):
        with pen.at(share * pen.width, y + pen.chance.uniform(-1.5, 1.5), size):
            (_disc if number else main)(pen)
            MOTIFS[name].draw(pen)


def _disc(pen: Pen) -> None:
    """A round plate behind an object."""
    pen.circle(4, 7, 62, pen.dark, 0.16, shade=0)
    pen.circle(0, 0, 62, _plate(pen), shade=0.1)
    pen.ring(0, 0, 68, 68, pen.light, 0.8, 0.45)


def _window(pen: Pen) -> None:
    """An arched window behind an object, with a sill."""
    arch = "M {0} 60 L {0} -8 C {0} {2} {1} {2} {1} -8 L {1} 60 Z"
    pen.shape(arch.format(-52, 64, -82), pen.dark, 0.14, 0)
    pen.shape(arch.format(-60, 60, -92), mix(pen.light, pen.far, 0.25), shade=0.12)
    pen.shape(arch.format(-53, 53, -82), _plate(pen), shade=0.12)
    for bar in (((0, -63), (0, 60)), ((-53, -12), (53, -12))):
        pen.line(bar, mix(pen.light, pen.far, 0.25), 2.4, 0.4)
    pen.rect(-68, 57, 136, 9, mix(pen.light, pen.far, 0.12), 3, shade=0.2)


def _sunburst(pen: Pen) -> None:
    """Rays and a glowing plate behind an object."""
    rays = skia.Path()
    for x, y in around(20, 112):
        rays.addPoly(
            [skia.Point(0, 0), skia.Point(x + y * 0.08, y - x * 0.08), skia.Point(x - y * 0.08, y + x * 0.08)], True
        )
    with pen.inside(rays):
        pen.halo(0, 0, 112, pen.glow, 0.85)
    pen.circle(0, 0, 60, _plate(pen), shade=0.1)
    pen.ring(0, 0, 60, 60, pen.glow, 1.6, 0.8)


SEATS = (_disc, _window, _sunburst)


def _plate(pen: Pen) -> str:
    """The ground of an object: of middle lightness, so that dark and white shapes show."""
    return mix(mix(pen.far, pen.glow, 0.5), pen.low_light, 0.2)


def _vignette(pen: Pen) -> None:
    """Darker corners, so that who stands in front stands out."""
    radius = pen.width * 0.72
    colours = [argb(pen.dark, 0), argb(pen.dark, 0), argb(pen.dark, 0.34)]
    shader = skia.GradientShader.MakeRadial(skia.Point(pen.width / 2, 36), radius, colours, [0.0, 0.5, 1.0])
    pen.canvas.drawRect(skia.Rect.MakeWH(pen.width, pen.height), skia.Paint(Shader=shader, Dither=True))
