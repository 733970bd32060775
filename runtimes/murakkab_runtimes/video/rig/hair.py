"""Hair, beards and headphones, in the units of the face."""

from __future__ import annotations

import math
import random
import zlib
from functools import lru_cache

import skia

from murakkab_runtimes.image.outlines import path_of
from murakkab_runtimes.video.rig.brush import fill, line, oval, ramp
from murakkab_runtimes.video.rig.colour import fade, mix, tone
from murakkab_runtimes.video.rig.look import Look
from murakkab_runtimes.video.rig.pose import Pose

SHORT = (
    "M-1.0 0.02 C-1.14 -0.3 -1.16 -0.75 -1.0 -1.02 C-0.8 -1.42 -0.25 -1.62 0.3 -1.52 C0.85 -1.44 1.16 -1.0 1.1 -0.5 "
    "C1.09 -0.3 1.05 -0.1 1.0 0.02 C0.95 -0.12 0.93 -0.28 0.9 -0.42 C0.84 -0.6 0.72 -0.72 0.55 -0.78 "
    "C0.15 -0.72 -0.3 -0.76 -0.62 -0.95 C-0.68 -0.78 -0.84 -0.6 -0.9 -0.4 C-0.94 -0.25 -0.96 -0.1 -1.0 0.02 Z",
    "M-1.0 0.02 C-1.12 -0.3 -1.14 -0.7 -1.0 -0.98 C-0.75 -1.4 -0.45 -1.46 -0.2 -1.48 C0.1 -1.8 0.8 -1.62 0.94 -1.16 "
    "C1.12 -0.95 1.14 -0.4 1.0 0.02 C0.96 -0.15 0.93 -0.32 0.88 -0.5 C0.8 -0.72 0.66 -0.86 0.46 -0.98 "
    "C0.1 -1.04 -0.35 -1.0 -0.6 -0.82 C-0.8 -0.68 -0.88 -0.5 -0.92 -0.34 C-0.95 -0.2 -0.97 -0.08 -1.0 0.02 Z",
    "M-1.0 0.0 C-1.13 -0.35 -1.14 -0.75 -0.98 -1.04 C-0.7 -1.46 0.7 -1.46 0.98 -1.04 C1.14 -0.75 1.13 -0.35 1.0 0.0 "
    "C0.96 -0.2 0.92 -0.4 0.86 -0.58 C0.66 -0.52 0.5 -0.68 0.34 -0.58 C0.16 -0.7 0 -0.54 -0.18 -0.62 "
    "C-0.36 -0.52 -0.56 -0.66 -0.86 -0.56 C-0.92 -0.4 -0.96 -0.2 -1.0 0.0 Z",
)
LONG_BACK = (
    "M0 -1.5 C0.9 -1.5 1.28 -0.9 1.24 -0.1 C1.22 0.6 1.5 1.1 1.42 1.75 C1.36 2.25 0.95 2.5 0.6 2.45 L-0.6 2.45 "
    "C-0.95 2.5 -1.36 2.25 -1.42 1.75 C-1.5 1.1 -1.22 0.6 -1.24 -0.1 C-1.28 -0.9 -0.9 -1.5 0 -1.5 Z",
    "M0 -1.5 C0.95 -1.5 1.3 -0.9 1.28 -0.1 C1.28 0.4 1.36 0.9 1.2 1.3 C0.9 1.48 0.5 1.45 0.3 1.3 L-0.3 1.3 "
    "C-0.5 1.45 -0.9 1.48 -1.2 1.3 C-1.36 0.9 -1.28 0.4 -1.28 -0.1 C-1.3 -0.9 -0.95 -1.5 0 -1.5 Z",
    "M0 -1.52 C0.9 -1.52 1.25 -0.9 1.22 -0.2 C1.3 0.5 1.2 1.2 1.4 1.9 C1.3 2.6 0.9 2.8 0.7 2.7 L-0.7 2.7 "
    "C-0.9 2.8 -1.3 2.6 -1.4 1.9 C-1.2 1.2 -1.3 0.5 -1.22 -0.2 C-1.25 -0.9 -0.9 -1.52 0 -1.52 Z",
)
LONG_FRONT = (
    "M-0.18 -1.0 C0.2 -0.55 0.72 -0.45 0.86 0.1 C0.92 0.5 0.98 0.8 1.08 1.05 C1.28 0.6 1.28 -0.4 1.16 -0.75 "
    "C0.98 -1.35 0.5 -1.56 0 -1.55 C-0.6 -1.56 -1.02 -1.3 -1.16 -0.72 C-1.28 -0.3 -1.28 0.6 -1.08 1.05 "
    "C-0.98 0.7 -0.98 0.2 -0.88 -0.2 C-0.78 -0.55 -0.45 -0.75 -0.18 -1.0 Z",
    "M-0.9 -0.42 C-0.5 -0.52 0.4 -0.5 0.9 -0.42 C0.96 0.0 0.98 0.4 1.0 0.8 C1.22 0.5 1.28 -0.3 1.16 -0.75 "
    "C0.98 -1.35 0.5 -1.56 0 -1.55 C-0.5 -1.56 -0.98 -1.35 -1.16 -0.75 C-1.28 -0.3 -1.22 0.5 -1.0 0.8 "
    "C-0.98 0.4 -0.96 0.0 -0.9 -0.42 Z",
    "M0.3 -1.05 C0.6 -0.7 0.84 -0.4 0.9 0.1 C0.94 0.5 1.0 0.8 1.1 1.1 C1.28 0.6 1.28 -0.4 1.16 -0.75 "
    "C0.98 -1.35 0.5 -1.56 0 -1.55 C-0.6 -1.56 -1.02 -1.3 -1.16 -0.72 C-1.28 -0.3 -1.28 0.6 -1.1 1.1 "
    "C-1.0 0.7 -0.98 0.3 -0.84 -0.1 C-0.62 -0.5 -0.1 -0.62 0.3 -1.05 Z",
)
BUN_FRONT = (
    "M-1.0 0.08 C-1.16 -0.3 -1.16 -0.75 -1.0 -1.02 C-0.78 -1.4 -0.4 -1.5 0 -1.5 C0.4 -1.5 0.78 -1.4 1.0 -1.02 "
    "C1.16 -0.75 1.16 -0.3 1.0 0.08 C0.95 -0.2 0.9 -0.45 0.76 -0.62 C0.5 -0.9 0.2 -0.98 0.05 -1.0 "
    "C-0.3 -0.95 -0.6 -0.85 -0.78 -0.6 C-0.9 -0.42 -0.95 -0.2 -1.0 0.08 Z"
)
BAND_TOP = {
    "short": (-1.62, -1.62, -1.42),
    "long": (-1.6, -1.6, -1.6),
    "bun": (-1.56, -1.56, -1.56),
    "curly": (-1.58, -1.58, -1.58),
    "bald": (-1.26, -1.26, -1.26),
}
"""Height of the band over each style's variants."""

STRANDS = {
    "short": "M-0.6 -1.05 C-0.2 -1.35 0.4 -1.4 0.85 -1.05 M-0.4 -1.0 C0 -1.18 0.4 -1.2 0.75 -0.98",
    "long": "M0.05 -1.1 C0.5 -0.95 0.9 -0.6 1.0 0.1 M-0.3 -1.15 C-0.7 -0.95 -0.98 -0.6 -1.04 0.1",
    "bun": "M-0.2 -1.42 C-0.6 -1.25 -0.85 -0.95 -0.95 -0.5 M0.2 -1.42 C0.6 -1.25 0.85 -0.95 "
    "0.95 -0.5 M0 -1.45 C-0.1 -1.3 -0.15 -1.2 -0.15 -1.08",
}


def draw_back_hair(canvas: skia.Canvas, look: Look) -> None:
    """What hangs behind the head."""
    dark = fill(tone(look.hair, 0.72))
    if look.hair_style == "long":
        canvas.drawPath(path_of(LONG_BACK[look.variant]), dark)
    elif look.hair_style == "curly":
        canvas.drawPath(
            _cloud(look.name, 1.04 if look.female else 0.92, 0.42 if look.female else 0.3, look.female), dark
        )
    elif look.hair_style == "bun":
        canvas.drawCircle(0.0, -1.72, 0.5, dark)
        canvas.drawCircle(-0.05, -1.77, 0.43, fill(look.hair))
        canvas.drawPath(
            path_of("M-0.3 -1.75 C-0.2 -2.05 0.2 -2.05 0.28 -1.8 M-0.2 -1.65 C-0.05 -1.85 0.15 -1.85 0.2 -1.65"),
            _strand(look),
        )


def draw_front_hair(canvas: skia.Canvas, look: Look) -> None:
    """What frames the face, with its shadow on the forehead."""
    if look.hair_style == "bald":
        canvas.drawOval(oval(-0.3, -0.86, 0.34, 0.13), fill(fade(0xFFFFFFFF, 0.22)))
        return
    path = front_path(look)
    canvas.save()
    canvas.translate(0.03, 0.085)
    canvas.drawPath(path, fill(fade(look.shade, 0.6)))
    canvas.restore()
    light = mix(look.hair, 0xFFFFE2BE, 0.14)
    canvas.drawPath(path, ramp((-0.8, -1.5), (0.9, -0.2), (light, look.hair, tone(look.hair, 0.8)), (0.0, 0.45, 1.0)))
    if look.hair_style in STRANDS:
        canvas.drawPath(path_of(STRANDS[look.hair_style]), _strand(look))


def front_path(look: Look) -> skia.Path:
    """The outline of the front hair."""
    if look.hair_style == "long":
        return path_of(LONG_FRONT[look.variant])
    if look.hair_style == "bun":
        return path_of(BUN_FRONT)
    if look.hair_style == "curly":
        return _curls(look.name, look.female)
    return path_of(SHORT[look.variant])


def draw_beard(canvas: skia.Canvas, look: Look, pose: Pose) -> None:
    """A beard that follows the jaw; drawn before the mouth."""
    if look.beard == "none":
        return
    jaw, chin = 0.13 * pose.mouth.open + 0.05 * pose.pitch, 0.13 * pose.yaw
    colour = look.hair if look.hair_style != "bald" else tone(look.hair, 0.95)
    paint = fill(fade(mix(colour, look.skin, 0.45), 0.55) if look.beard == "stubble" else tone(colour, 0.92))
    if look.beard in ("full", "stubble"):
        canvas.drawPath(_full_beard(jaw - (0.11 if look.beard == "stubble" else 0.0), chin, pose.pitch), paint)
    elif look.beard == "goatee":
        canvas.drawOval(oval(chin * 1.6, 1.08 + jaw, 0.24, 0.2), paint)
    if look.beard != "stubble":
        canvas.save()
        canvas.translate(0.26 * pose.yaw, 0.14 * pose.pitch)
        canvas.drawPath(
            path_of(
                "M0 0.53 C-0.2 0.47 -0.42 0.6 -0.47 0.84 C-0.3 0.68 -0.14 0.68 0 0.68 "
                "C0.14 0.68 0.3 0.68 0.47 0.84 C0.42 0.6 0.2 0.47 0 0.53 Z"
            ),
            paint,
        )
        canvas.restore()


def _full_beard(jaw: float, chin: float, pitch: float) -> skia.Path:
    shift, low = chin * 2.0, 1.25 + jaw
    middle = 0.13 * pitch
    path = skia.Path()
    path.moveTo(-0.96, -0.05)
    path.cubicTo(-0.98, 0.5, chin - 0.85, 0.95 + jaw * 0.6, chin - 0.5, low - 0.06)
    path.cubicTo(chin - 0.25, low + 0.1, chin + 0.25, low + 0.1, chin + 0.5, low - 0.06)
    path.cubicTo(chin + 0.85, 0.95 + jaw * 0.6, 0.98, 0.5, 0.96, -0.05)
    path.cubicTo(0.94, 0.3, 0.86, 0.46, shift + 0.5, 0.55 + middle)
    path.cubicTo(shift + 0.3, 0.48 + middle, shift - 0.3, 0.48 + middle, shift - 0.5, 0.55 + middle)
    path.cubicTo(-0.86, 0.46, -0.94, 0.3, -0.99, -0.05)
    path.close()
    return path


def draw_headphones(canvas: skia.Canvas, look: Look, pose: Pose) -> None:
    """Cups over the ears; the band is drawn by ``draw_band``."""
    for side in (-1, 1):
        near = 1 + 0.22 * pose.yaw * -side
        x = side * 1.03 - 0.10 * pose.yaw
        canvas.save()
        canvas.translate(x, 0.04 - 0.05 * pose.pitch)
        canvas.scale(side * near, 1)
        canvas.drawRoundRect(skia.Rect(-0.13, -0.36, 0.07, 0.36), 0.1, 0.1, fill(0xFF17161B))
        canvas.drawRoundRect(skia.Rect(-0.04, -0.33, 0.24, 0.33), 0.15, 0.16, fill(0xFF2D2C35))
        canvas.drawRoundRect(skia.Rect(0.1, -0.2, 0.2, 0.2), 0.05, 0.08, fill(fade(tone(look.shirt, 1.1), 0.9)))
        canvas.restore()


def draw_band(canvas: skia.Canvas, look: Look, pose: Pose) -> None:
    """The band of the headphones over the hair."""
    top = BAND_TOP[look.hair_style][look.variant]
    shift = -0.10 * pose.yaw
    path = skia.Path()
    path.moveTo(-1.1 + shift, -0.2)
    path.cubicTo(-1.24 + shift, top * 0.72, -0.72 - shift, top, -shift * 0.4, top)
    path.cubicTo(0.72 - shift, top, 1.24 + shift, top * 0.72, 1.1 + shift, -0.2)
    canvas.drawPath(path, line(0xFF24232B, 0.17))
    canvas.drawPath(path, line(0xFF4A4955, 0.05))


def _strand(look: Look) -> skia.Paint:
    return line(fade(mix(look.hair, 0xFFFFE6C8, 0.35), 0.4), 0.04)


@lru_cache(64)
def _cloud(name: str, reach: float, size: float, full: bool) -> skia.Path:
    """A ring of curls behind the head."""
    dice = random.Random(zlib.crc32(name.encode()))
    path = skia.Path()
    path.addOval(oval(0, -0.35, reach * 1.12, reach * 1.14))
    first, last = (-240, 60) if full else (-205, 25)
    for degrees in range(first, last + 1, 20):
        angle = math.radians(degrees)
        radius = size * dice.uniform(0.8, 1.1)
        path.addCircle(reach * 1.1 * math.cos(angle), -0.32 + reach * 1.12 * math.sin(angle), radius)
    return path


@lru_cache(64)
def _curls(name: str, full: bool) -> skia.Path:
    """Curls along the hairline."""
    dice = random.Random(zlib.crc32(name.encode()) + 1)
    path = skia.Path()
    for degrees in range(-188, 9, 14):
        angle = math.radians(degrees)
        for ring in (0.98, 1.18):
            radius = dice.uniform(0.2, 0.28) * (1.1 if full else 1.0)
            path.addCircle(ring * 0.93 * math.cos(angle), -0.28 + ring * 0.98 * math.sin(angle), radius)
    return path
