"""The mouth, in units of half the width of a face, origin between the lips."""

from __future__ import annotations

import skia

from murakkab_runtimes.video.rig.brush import fill, line, oval
from murakkab_runtimes.video.rig.colour import fade, mix, tone
from murakkab_runtimes.video.rig.look import Look
from murakkab_runtimes.video.rig.pose import Mouth

INSIDE = 0xFF4A1520
TEETH = 0xFFF8F3EC
TONGUE = 0xFFC65F68


def draw_mouth(canvas: skia.Canvas, look: Look, mouth: Mouth, smile: float) -> None:
    """Draw the lips and what shows between them."""
    wide = mouth.wide
    half = 0.33 * (1 + (0.22 if wide > 0 else 0.45) * wide) + 0.05 * max(smile, -0.3) - 0.02 * mouth.open
    corner = -0.10 * smile + 0.03 * mouth.open
    gap = 0.46 * mouth.open * (1 - mouth.press)
    top, bottom = -0.28 * gap - 0.05 * mouth.tuck, 0.72 * gap - 0.025 * mouth.tuck
    sag = 0.05 * max(smile, 0.0)
    plump = (1.25 if look.female else 1.0) * (1 - 0.5 * mouth.press) * (1 + 0.25 * max(-wide, 0.0))
    upper, lower = 0.068 * plump, 0.095 * plump * (1 - 0.45 * mouth.tuck)
    canvas.drawPath(_lips(half, corner, top + sag, max(bottom, top) + sag, upper, lower), fill(look.lips))
    canvas.drawPath(
        _lower_shine(half, bottom + sag, lower),
        fill(fade(mix(look.lips, 0xFFFFE0D8, 0.5), 0.35 if look.female else 0.18)),
    )
    if gap > 0.018:
        _inside(canvas, mouth, half, corner, top + sag, bottom + sag)
    else:
        seam = skia.Path()
        seam.moveTo(-half, corner)
        seam.quadTo(0, 2 * (top + sag) - corner + 0.01, half, corner)
        canvas.drawPath(seam, line(tone(look.lips, 0.5), 0.035))
    if smile > 0.15:
        _dimples(canvas, look, half, corner, smile)


def _lips(half: float, corner: float, top: float, bottom: float, upper: float, lower: float) -> skia.Path:
    path = skia.Path()
    path.moveTo(-half - 0.015, corner)
    path.cubicTo(-half * 0.62, corner - 0.01, -half * 0.42, top - upper * 1.35, -half * 0.16, top - upper * 1.3)
    path.quadTo(0, top - upper * 0.75, half * 0.16, top - upper * 1.3)
    path.cubicTo(half * 0.42, top - upper * 1.35, half * 0.62, corner - 0.01, half + 0.015, corner)
    path.cubicTo(half * 0.7, (corner + bottom) / 2 + lower, half * 0.4, bottom + lower, 0, bottom + lower)
    path.cubicTo(-half * 0.4, bottom + lower, -half * 0.7, (corner + bottom) / 2 + lower, -half - 0.015, corner)
    return path


def _lower_shine(half: float, bottom: float, lower: float) -> skia.Path:
    path = skia.Path()
    path.moveTo(-half * 0.4, bottom + lower * 0.45)
    path.quadTo(0, bottom + lower * 0.95, half * 0.4, bottom + lower * 0.45)
    path.quadTo(0, bottom + lower * 0.6, -half * 0.4, bottom + lower * 0.45)
    return path


def _opening(half: float, corner: float, top: float, bottom: float) -> skia.Path:
    path = skia.Path()
    path.moveTo(-half * 0.93, corner)
    path.cubicTo(-half * 0.5, top - 0.01, -half * 0.2, top, 0, top)
    path.cubicTo(half * 0.2, top, half * 0.5, top - 0.01, half * 0.93, corner)
    path.cubicTo(half * 0.75, bottom * 0.8 + corner * 0.2, half * 0.4, bottom, 0, bottom)
    path.cubicTo(-half * 0.4, bottom, -half * 0.75, bottom * 0.8 + corner * 0.2, -half * 0.93, corner)
    return path


def _inside(canvas: skia.Canvas, mouth: Mouth, half: float, corner: float, top: float, bottom: float) -> None:
    shape = _opening(half, corner, top, bottom)
    canvas.drawPath(shape, fill(INSIDE))
    canvas.save()
    canvas.clipPath(shape, doAntiAlias=True)
    gap = bottom - top
    if mouth.tongue > 0.05 and gap > 0.05:
        tip = bottom - gap * (0.15 + 0.55 * mouth.tongue)
        canvas.drawOval(oval(0, tip + 0.14, half * 0.62, 0.15), fill(TONGUE))
    if mouth.teeth > 0.05:
        edge = top + min(0.115, 0.03 + gap * 0.42) * mouth.teeth
        canvas.drawOval(skia.Rect(-half * 0.9, top - 0.3, half * 0.9, edge), fill(TEETH))
    canvas.restore()


def _dimples(canvas: skia.Canvas, look: Look, half: float, corner: float, smile: float) -> None:
    paint = line(fade(look.shade, 0.75), 0.03)
    for side in (-1, 1):
        crease = skia.Path()
        crease.moveTo(side * (half + 0.03), corner - 0.05)
        crease.quadTo(side * (half + 0.075), corner + 0.0, side * (half + 0.04), corner + 0.06 * smile + 0.02)
        canvas.drawPath(crease, paint)
