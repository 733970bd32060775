"""Neck, clothes, arms and hands, in the units of the face; the desk hides all below about y = 3.8."""

from __future__ import annotations

import math
from functools import lru_cache

import skia

from murakkab_runtimes.image.outlines import path_of
from murakkab_runtimes.video.rig.brush import fill, line, oval, ramp
from murakkab_runtimes.video.rig.colour import fade, luminance, mix, tone
from murakkab_runtimes.video.rig.look import Look

SHOULDER, ELBOW, FOREARM = (1.55, 2.42), (1.98, 3.92), 1.28
REST, RAISED = math.radians(172), math.radians(238)

TORSO_WIDE = (
    "M-0.52 1.5 C-0.62 1.78 -1.3 1.82 -1.66 2.02 C-1.98 2.22 -2.0 2.7 -1.94 3.2 L-1.9 4.8 L1.9 4.8 L1.94 3.2 "
    "C2.0 2.7 1.98 2.22 1.66 2.02 C1.3 1.82 0.62 1.78 0.52 1.5 Z"
)
TORSO_SLIM = (
    "M-0.44 1.55 C-0.52 1.8 -1.15 1.86 -1.45 2.04 C-1.72 2.22 -1.74 2.7 -1.68 3.2 L-1.6 4.8 L1.6 4.8 L1.68 3.2 "
    "C1.74 2.7 1.72 2.22 1.45 2.04 C1.15 1.86 0.52 1.8 0.44 1.55 Z"
)
NECK = "M-0.42 0.7 C-0.42 1.3 -0.46 1.5 -0.7 1.68 C-0.4 2.1 0.4 2.1 0.7 1.68 C0.46 1.5 0.42 1.3 0.42 0.7 Z"


def record_torso(look: Look) -> skia.Picture:
    """Neck and clothes, which do not change their shape."""
    recorder = skia.PictureRecorder()
    canvas = recorder.beginRecording(skia.Rect(-4, -4, 4, 7))
    cloth = look.shirt
    torso = path_of(TORSO_SLIM if look.female else TORSO_WIDE)
    if look.clothes == "hoodie":
        canvas.drawPath(
            path_of("M-1.05 1.98 C-1.1 1.2 -0.6 1.15 0 1.15 C0.6 1.15 1.1 1.2 1.05 1.98 Z"), fill(tone(cloth, 0.62))
        )
    if look.clothes in ("shirt", "blazer"):
        canvas.drawPath(path_of("M-0.6 1.75 C-0.55 1.4 0.55 1.4 0.6 1.75 Z"), fill(tone(_under(look), 0.75)))
    canvas.drawPath(torso, _cloth(look))
    canvas.drawPath(
        path_of("M-1.22 2.75 C-1.3 3.2 -1.28 3.6 -1.24 4.6 M1.22 2.75 C1.3 3.2 1.28 3.6 1.24 4.6"),
        line(fade(tone(cloth, 0.5), 0.45), 0.05),
    )
    canvas.drawPath(
        path_of("M-0.5 3.1 C-0.2 3.25 0.1 3.22 0.35 3.12 M0.2 3.5 C0.45 3.55 0.65 3.5 0.85 3.38"),
        line(fade(tone(cloth, 0.55), 0.3), 0.045),
    )
    if look.clothes == "turtleneck":
        canvas.drawPath(path_of("M-0.42 0.7 L-0.44 1.6 L0.44 1.6 L0.42 0.7 Z"), fill(look.shade))
    else:
        _neck(canvas, look)
    {"crew": _crew, "shirt": _collar, "hoodie": _hoodie, "blazer": _blazer, "turtleneck": _turtleneck}[look.clothes](
        canvas, look
    )
    return recorder.finishRecordingAsPicture()


def _cloth(look: Look) -> skia.Paint:
    colours = (mix(look.shirt, 0xFFFFF0DC, 0.12), look.shirt, tone(look.shirt, 0.72, 1.02))
    return ramp((-1.5, 1.8), (1.7, 3.4), colours, (0.0, 0.45, 1.0))


def draw_upper_arms(canvas: skia.Canvas, look: Look, left: float, right: float) -> None:
    """From the shoulders to the elbows."""
    for side, raised in ((-1, left), (1, right)):
        x, y = _elbow(look, side, raised)
        sx = SHOULDER[0] * (0.88 if look.female else 1.0) * side
        arm = skia.Path()
        arm.moveTo(sx, SHOULDER[1] - 0.05)
        arm.quadTo((sx + x) / 2 + 0.12 * side, (SHOULDER[1] + y) / 2 - 0.1, x, y)
        canvas.drawPath(arm, _sleeve(look))


@lru_cache(64)
def _sleeve(look: Look) -> skia.Paint:
    """A thick stroke in the colours of the torso, so that no seam shows at the shoulder."""
    paint = skia.Paint(_cloth(look))
    paint.setStyle(skia.Paint.kStroke_Style)
    paint.setStrokeWidth(0.62 if look.female else 0.72)
    paint.setStrokeCap(skia.Paint.kRound_Cap)
    return paint


def draw_forearms(canvas: skia.Canvas, look: Look, left: float, right: float, turn: float) -> None:
    """From the elbows to the fingers, in front of the desk."""
    for side, raised in ((-1, left), (1, right)):
        x, y = _elbow(look, side, raised)
        angle = REST + (RAISED - REST) * raised + 0.1 * turn * raised
        hx, hy = x + side * FOREARM * math.cos(angle), y + FOREARM * math.sin(angle)
        _forearm(canvas, look, side, (x, y), (hx, hy), raised)
        canvas.save()
        canvas.translate(hx, hy)
        canvas.scale(side, 1)
        canvas.rotate(math.degrees(angle) - 12 * raised)
        _hand(canvas, look, raised)
        canvas.restore()


def _elbow(look: Look, side: int, raised: float) -> tuple[float, float]:
    return side * (ELBOW[0] * (0.9 if look.female else 1.0) + 0.08 * raised), ELBOW[1] - 0.12 * raised


def _forearm(
    canvas: skia.Canvas, look: Look, side: int, elbow: tuple[float, float], hand: tuple[float, float], raised: float
) -> None:
    thick = 0.42 if look.female else 0.5
    drop = 0.2 - 0.08 * raised
    canvas.drawLine(elbow[0], elbow[1] + drop, hand[0], hand[1] + drop, line(0x30100810, thick))
    if look.clothes == "crew":
        canvas.drawLine(*elbow, *hand, line(mix(look.skin, look.shade, 0.25 if side < 0 else 0.6), thick * 0.82))
        return
    cloth = tone(look.shirt, 0.96 if side < 0 else 0.82)
    cuff = tone(_under(look) if look.clothes == "blazer" else look.shirt, 0.85)
    canvas.drawLine(*elbow, *_between(elbow, hand, 0.9), line(cloth, thick))
    canvas.drawLine(*_between(elbow, hand, 0.95), *_between(elbow, hand, 0.98), line(cuff, thick * 0.94))


def _between(first: tuple[float, float], second: tuple[float, float], share: float) -> tuple[float, float]:
    return first[0] + (second[0] - first[0]) * share, first[1] + (second[1] - first[1]) * share


def _hand(canvas: skia.Canvas, look: Look, raised: float) -> None:
    """A hand that points along x; fingers spread as it is raised."""
    skin, shade = look.skin, mix(look.skin, look.shade, 0.7)
    size = 0.88 if look.female else 1.0
    canvas.scale(size, size)
    spread = 0.03 + 0.12 * raised
    canvas.drawLine(0.08, -0.08, 0.3, -0.26 - 0.12 * raised, line(shade, 0.14))
    for i in range(4):
        offset = (i - 1.5) / 1.5
        reach = (0.64, 0.71, 0.68, 0.57)[i]
        canvas.drawLine(
            0.3, offset * 0.14, reach, offset * (0.15 + spread), line(skin if i % 2 else mix(skin, shade, 0.35), 0.15)
        )
    canvas.drawOval(oval(0.2, 0.0, 0.26, 0.225), fill(skin))


def _under(look: Look) -> int:
    """Colour of what is worn below a blazer, and of collars."""
    return 0xFFEDE6DA if luminance(look.shirt) < 0.55 else 0xFF3A3F4C


def _neck(canvas: skia.Canvas, look: Look) -> None:
    canvas.drawPath(path_of(NECK), fill(mix(look.skin, look.shade, 0.3)))
    canvas.drawPath(
        path_of(
            "M-0.42 0.9 C-0.42 1.25 -0.42 1.2 -0.4 1.25 C-0.1 1.62 0.3 1.62 0.46 1.38 C0.42 1.2 0.42 1.1 0.42 0.9 Z"
        ),
        fill(mix(look.shade, 0xFF4A1A22, 0.16)),
    )


def _crew(canvas: skia.Canvas, look: Look) -> None:
    canvas.drawPath(path_of("M-0.61 1.76 C-0.36 2.1 0.36 2.1 0.61 1.76"), line(tone(look.shirt, 0.78), 0.13))


def _collar(canvas: skia.Canvas, look: Look) -> None:
    light, dark = mix(look.shirt, 0xFFFFFFFF, 0.2), tone(look.shirt, 0.82)
    canvas.drawLine(0.0, 2.15, 0.0, 4.6, line(fade(tone(look.shirt, 0.6), 0.6), 0.04))
    canvas.drawPath(
        path_of("M-0.66 1.5 C-0.72 1.72 -0.7 1.8 -0.62 2.0 L-0.36 2.36 L0.0 2.08 C-0.3 1.95 -0.52 1.75 -0.66 1.5 Z"),
        fill(light),
    )
    canvas.drawPath(
        path_of("M0.66 1.5 C0.72 1.72 0.7 1.8 0.62 2.0 L0.36 2.36 L0.0 2.08 C0.3 1.95 0.52 1.75 0.66 1.5 Z"), fill(dark)
    )
    for y in (2.55, 3.05, 3.55):
        canvas.drawCircle(0.0, y, 0.045, fill(mix(look.shirt, 0xFFFFFFFF, 0.55)))


def _hoodie(canvas: skia.Canvas, look: Look) -> None:
    canvas.drawPath(
        path_of(
            "M-0.95 1.78 C-0.8 2.3 -0.3 2.42 0 2.4 C0.3 2.42 0.8 2.3 0.95 1.78 C0.72 1.5 0.6 "
            "1.62 0.56 1.7 C0.4 2.06 -0.4 2.06 -0.56 1.7 C-0.6 1.62 -0.72 1.5 -0.95 1.78 Z"
        ),
        fill(tone(look.shirt, 0.86)),
    )
    cord = line(mix(look.shirt, 0xFFFFFFFF, 0.7), 0.055)
    canvas.drawPath(path_of("M-0.3 2.28 C-0.34 2.6 -0.28 2.8 -0.32 3.1 M0.3 2.28 C0.36 2.6 0.3 2.75 0.34 2.95"), cord)


def _blazer(canvas: skia.Canvas, look: Look) -> None:
    canvas.drawPath(
        path_of("M-0.66 1.66 C-0.4 2.02 0.4 2.02 0.66 1.66 L0.5 2.2 L0.06 3.9 L-0.06 3.9 L-0.5 2.2 Z"),
        fill(_under(look)),
    )
    canvas.drawPath(path_of("M-0.64 1.7 C-0.4 2.1 0.4 2.1 0.64 1.7"), line(tone(_under(look), 0.85), 0.09))
    canvas.drawPath(
        path_of("M-0.6 1.55 L-0.95 1.84 L-0.98 2.3 L-0.72 2.34 L-0.82 2.52 L-0.02 3.9 L-0.3 2.7 Z"),
        fill(tone(look.shirt, 0.9)),
    )
    canvas.drawPath(
        path_of("M0.6 1.55 L0.95 1.84 L0.98 2.3 L0.72 2.34 L0.82 2.52 L0.02 3.9 L0.3 2.7 Z"),
        fill(tone(look.shirt, 0.7)),
    )


def _turtleneck(canvas: skia.Canvas, look: Look) -> None:
    canvas.drawPath(
        path_of(
            "M-0.5 1.2 C-0.2 1.42 0.2 1.42 0.5 1.2 C0.54 1.5 0.6 1.7 0.66 1.84 "
            "C0.3 2.12 -0.3 2.12 -0.66 1.84 C-0.6 1.7 -0.54 1.5 -0.5 1.2 Z"
        ),
        fill(tone(look.shirt, 0.88)),
    )
    canvas.drawPath(path_of("M-0.57 1.52 C-0.2 1.76 0.2 1.76 0.57 1.52"), line(tone(look.shirt, 0.74), 0.05))
