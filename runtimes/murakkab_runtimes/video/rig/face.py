"""The face, in units of half its width: origin in its middle, the chin near (0, 1.2), y down.

Turning the head moves every feature by its depth, so that a flat drawing seems to turn.
"""

from __future__ import annotations

import skia

from murakkab_runtimes.image.outlines import path_of
from murakkab_runtimes.video.rig.brush import fill, glow, line, oval, ramp
from murakkab_runtimes.video.rig.colour import fade, mix, tone
from murakkab_runtimes.video.rig.look import Look
from murakkab_runtimes.video.rig.mouth import draw_mouth
from murakkab_runtimes.video.rig.pose import Pose

YAW, PITCH = 0.30, 0.16
"""How far a feature of depth 1 moves at a yaw or pitch of 1."""

EYE_X, EYE_Y, MOUTH_Y = 0.40, 0.0, 0.76


def face_path(pose: Pose, female: bool) -> skia.Path:
    """Outline of the face: the jaw follows the mouth and the chin turns with the head."""
    jaw = 0.13 * pose.mouth.open
    chin = 0.13 * pose.yaw
    bow = 0.05 * pose.pitch
    width = 0.36 if female else 0.46
    low = 1.16 + jaw + bow
    left, right = -0.97 + 0.03 * max(pose.yaw, 0), 0.97 + 0.03 * min(pose.yaw, 0)
    path = skia.Path()
    path.moveTo(0, -1.18)
    path.cubicTo(0.6, -1.18, right, -0.8, right, -0.12)
    path.cubicTo(right, 0.42, chin + 0.78, 0.84 + jaw * 0.5, chin + width, low - 0.06)
    path.cubicTo(chin + width * 0.55, low + 0.07, chin - width * 0.55, low + 0.07, chin - width, low - 0.06)
    path.cubicTo(chin - 0.78, 0.84 + jaw * 0.5, left, 0.42, left, -0.12)
    path.cubicTo(left, -0.8, -0.6, -1.18, 0, -1.18)
    path.close()
    return path


def draw_skin(canvas: skia.Canvas, look: Look, path: skia.Path) -> None:
    """Fill the face, lit from the upper left."""
    lit = mix(look.skin, 0xFFFFF1DC, 0.16)
    stops = (0.0, 0.5, 0.8, 1.0)
    colours = (lit, look.skin, mix(look.skin, look.shade, 0.45), look.shade)
    canvas.drawPath(path, ramp((-0.9, -0.5), (1.0, 0.55), colours, stops))


def draw_ears(canvas: skia.Canvas, look: Look, pose: Pose) -> None:
    """Ears, seen where neither hair nor headphones cover them; drawn before the face."""
    for side in (-1, 1):
        x = side * 0.99 - 0.12 * pose.yaw
        canvas.drawOval(oval(x, 0.06 - 0.05 * pose.pitch, 0.15, 0.26), fill(mix(look.skin, look.shade, 0.4)))
        canvas.drawOval(oval(x + side * 0.02, 0.06 - 0.05 * pose.pitch, 0.07, 0.15), fill(look.shade))


def draw_features(canvas: skia.Canvas, look: Look, pose: Pose) -> None:
    """Cheeks, nose, mouth, eyes and brows."""
    blush = mix(look.skin, 0xFFE0483E, 0.55)
    for side in (-1, 1):
        x, y = _place(pose, side * 0.56, 0.42, 0.7)
        canvas.save()
        canvas.translate(x, y)
        canvas.drawCircle(0, 0, 0.3, glow((0, 0), 0.3, fade(blush, 0.34), fade(blush, 0)))
        canvas.restore()
    _at(canvas, pose, 0.0, 0.0, 1.12)
    _nose(canvas, look, pose)
    canvas.restore()
    _at(canvas, pose, 0.0, MOUTH_Y + 0.035 * pose.mouth.open, 0.86)
    if look.beard in ("none", "moustache"):
        canvas.drawOval(oval(0, 0.21 + 0.3 * pose.mouth.open, 0.2, 0.05), fill(fade(look.shade, 0.5)))
    draw_mouth(canvas, look, pose.mouth, pose.smile)
    canvas.restore()
    for side in (-1, 1):
        _eye(canvas, look, pose, side)
        _brow(canvas, look, pose, side)


def draw_glasses(canvas: skia.Canvas, look: Look, pose: Pose) -> None:
    """Frames in front of the eyes."""
    frame = line(0xFF2A2430 if look.hair != 0xFF2A2430 else 0xFF6A4A2A, 0.055)
    boxes = []
    for side in (-1, 1):
        x, y = _place(pose, side * EYE_X, EYE_Y + 0.03, 0.88)
        wide = 0.31 * _foreshorten(pose, side)
        box = oval(x, y, wide, 0.29 if look.glasses == "round" else 0.24)
        boxes.append(box)
        radius = wide if look.glasses == "round" else 0.1
        canvas.drawRoundRect(box, radius, 0.29 if look.glasses == "round" else 0.1, fill(0x1EFFFFFF))
        canvas.drawRoundRect(box, radius, 0.29 if look.glasses == "round" else 0.1, frame)
        canvas.drawLine(x - wide * 0.5, y - 0.05, x - wide * 0.15, y - 0.17, line(0x50FFFFFF, 0.05))
        temple = box.right() if side > 0 else box.left()
        canvas.drawLine(temple, y - 0.05, side * 0.98, -0.06, frame)
    bridge = skia.Path()
    bridge.moveTo(boxes[0].right(), boxes[0].centerY() - 0.04)
    bridge.quadTo(
        (boxes[0].right() + boxes[1].left()) / 2, boxes[0].centerY() - 0.12, boxes[1].left(), boxes[1].centerY() - 0.04
    )
    canvas.drawPath(bridge, frame)


def _place(pose: Pose, x: float, y: float, depth: float) -> tuple[float, float]:
    return x * (1 - 0.06 * abs(pose.yaw)) + YAW * depth * pose.yaw, y + PITCH * depth * pose.pitch


def _at(canvas: skia.Canvas, pose: Pose, x: float, y: float, depth: float) -> None:
    canvas.save()
    canvas.translate(*_place(pose, x, y, depth))


def _foreshorten(pose: Pose, side: int) -> float:
    return 1 - 0.2 * max(0.0, pose.yaw * side)


def _nose(canvas: skia.Canvas, look: Look, pose: Pose) -> None:
    side = 1 if pose.yaw >= -0.25 else -1
    canvas.save()
    canvas.scale(side, 1)
    canvas.drawPath(
        path_of("M0.06 -0.16 C0.10 0.06 0.2 0.2 0.19 0.36 C0.17 0.44 0.04 0.45 0 0.43 C0.05 0.3 0.02 0 0.06 -0.16 Z"),
        fill(fade(look.shade, 0.45)),
    )
    canvas.restore()
    canvas.drawPath(
        path_of(
            "M-0.18 0.33 C-0.2 0.45 -0.08 0.42 0 0.47 C0.08 0.42 0.2 0.45 0.18 0.33 "
            "C0.14 0.40 0.07 0.38 0 0.42 C-0.07 0.38 -0.14 0.40 -0.18 0.33 Z"
        ),
        fill(mix(look.shade, 0xFF4A1A22, 0.3)),
    )
    canvas.drawOval(oval(-0.05, 0.27, 0.06, 0.07), fill(fade(0xFFFFFFFF, 0.2)))


def _eye(canvas: skia.Canvas, look: Look, pose: Pose, side: int) -> None:
    _at(canvas, pose, side * EYE_X, EYE_Y, 0.78)
    canvas.scale(side * _foreshorten(pose, side), 1)
    openness = max(0.0, min(1.15, pose.lids))
    lower = 0.105 - 0.035 * max(pose.smile, 0.0)
    upper = -0.182 * openness + lower * (1 - openness) * 0.9
    tilt = 0.045 if look.female else 0.015
    shape = skia.Path()
    shape.moveTo(-0.235, 0.045)
    shape.cubicTo(-0.14, upper * 1.25, 0.12, upper * 1.3, 0.245, -tilt)
    shape.cubicTo(0.17, lower * 1.2, -0.12, lower * 1.25, -0.235, 0.045)
    canvas.drawPath(shape, fill(0xFFFAF6F0))
    if openness > 0.12:
        _iris(canvas, look, shape, pose.gaze_x * side * 0.115, pose.gaze_y * 0.06 - 0.03 * pose.pitch)
    lash = skia.Path()
    lash.moveTo(-0.245, 0.05)
    lash.cubicTo(-0.14, upper * 1.25, 0.12, upper * 1.3, 0.255, -tilt)
    if look.female:
        lash.lineTo(0.31, -tilt - 0.055)
    canvas.drawPath(lash, line(0xFF2B1B1E, 0.062 if look.female else 0.045))
    crease = skia.Path()
    crease.moveTo(-0.17, upper * 0.8 - 0.06)
    crease.cubicTo(-0.08, upper * 1.15 - 0.08, 0.1, upper * 1.15 - 0.09, 0.24, -tilt - 0.11)
    canvas.drawPath(crease, line(fade(mix(look.shade, 0xFF4A1A22, 0.25), 0.6), 0.028))
    canvas.restore()


def _iris(canvas: skia.Canvas, look: Look, shape: skia.Path, x: float, y: float) -> None:
    canvas.save()
    canvas.clipPath(shape, doAntiAlias=True)
    canvas.drawCircle(x, y - 0.03, 0.152, fill(tone(look.eyes, 0.55)))
    canvas.drawCircle(x, y - 0.015, 0.126, fill(tone(look.eyes, 1.15)))
    canvas.drawCircle(x, y - 0.03, 0.072, fill(0xFF17120F))
    canvas.drawOval(oval(0, -0.2, 0.3, 0.1), fill(0x38301820))
    canvas.drawCircle(x - 0.045, y - 0.08, 0.036, fill(0xFFFFFFFF))
    canvas.restore()


def _brow(canvas: skia.Canvas, look: Look, pose: Pose, side: int) -> None:
    _at(canvas, pose, side * EYE_X, EYE_Y - 0.35 - 0.1 * pose.brows - (0.02 if look.female else 0), 0.8)
    canvas.scale(side * _foreshorten(pose, side), 1)
    thick = 0.055 if look.female else 0.085
    peak = -0.09 - 0.03 * pose.brows
    path = skia.Path()
    path.moveTo(-0.25, 0.02 - 0.02 * pose.brows)
    path.quadTo(0.08, peak - thick * 0.6, 0.31, 0.045)
    path.quadTo(0.08, peak + thick * 1.2, -0.25, 0.02 + thick - 0.02 * pose.brows)
    path.close()
    dark = tone(look.hair, 0.72) if look.hair_style != "bald" else tone(look.hair, 0.8)
    canvas.drawPath(path, fill(fade(dark, 0.95)))
    canvas.restore()
