"""The set: a wall with a screen that shows the section's scene, a desk, microphones. Stage units: 1280 x 720."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

import skia

from murakkab_runtimes.image.outlines import path_of
from murakkab_runtimes.video.rig.brush import fill, glow, line, oval, ramp
from murakkab_runtimes.video.rig.colour import fade, luminance, mix, parse_colour, tone

WIDTH, HEIGHT = 1280.0, 720.0
DESK_Y, FRONT_Y = 560.0, 640.0
"""Back and front edge of the desk."""

SCREEN = skia.Rect.MakeXYWH(252, 48, 776, 437)
WOODS = (0xFF7A4E33, 0xFFB9855A, 0xFF51382E, 0xFF8F6B52, 0xFFC9A27A, 0xFF3D3A42)
SEATS = {
    1: (86.0, (640.0,)),
    2: (81.0, (372.0, 908.0)),
    3: (70.0, (250.0, 640.0, 1030.0)),
    4: (59.0, (176.0, 485.0, 795.0, 1104.0)),
}
"""Half a face's width and the places of the hosts, by their number."""


@dataclass(frozen=True)
class Decor:
    """What differs between episodes and sections."""

    wall: int
    accent: int
    accent2: int
    wood: int
    style: int

    @property
    def shadow(self) -> int:
        """The darkest tone of the wall."""
        return mix(self.wall, 0xFF0B0910, 0.62)


def read_decor(palette: Mapping[str, object], episode: int) -> Decor:
    """Colours from a scene's palette; furniture from the episode's seed."""
    dice = random.Random(episode)
    wall = _colour(palette, "surface", _colour(palette, "background", 0xFF2A3A52))
    if luminance(wall) > 0.4:
        wall = tone(wall, 0.4 / luminance(wall))
    accent = _colour(palette, "accent", 0xFFE8A04C)
    return Decor(
        wall=mix(wall, 0xFF4A3B44, 0.22),
        accent=accent,
        accent2=_colour(palette, "accent2", accent),
        wood=dice.choice(WOODS),
        style=dice.randrange(1 << 16),
    )


def draw_wall(canvas: skia.Canvas, decor: Decor, scene: skia.Image | None) -> None:
    """Wall, lights, shelves and the screen."""
    everywhere = skia.Rect(-3000, -3000, 4280, 3720)
    top, low = mix(decor.wall, 0xFFFFFFFF, 0.05), mix(decor.shadow, decor.wall, 0.35)
    canvas.drawRect(everywhere, ramp((0, -60), (0, 640), (top, low), (0.0, 1.0)))
    _slats(canvas, decor)
    canvas.drawRect(
        everywhere, glow((640, 250), 760, fade(mix(decor.accent, 0xFFFFFFFF, 0.4), 0.24), fade(decor.accent, 0))
    )
    for side in (-1, 1):
        _side_furniture(canvas, decor, side)
    _screen(canvas, decor, scene)


def draw_spot(canvas: skia.Canvas, x: float, y: float, size: float) -> None:
    """Warm light behind the one who speaks."""
    canvas.drawCircle(x, y, 3.4 * size, glow((x, y), 3.4 * size, 0x66FFE9C4, 0x00FFE9C4))


def draw_shade(canvas: skia.Canvas, x: float, y: float, size: float) -> None:
    """The shadow that a host throws on what is behind."""
    canvas.save()
    canvas.translate(x + 0.35 * size, y + 1.6 * size)
    canvas.scale(1, 1.35)
    canvas.drawCircle(0, 0, 2.4 * size, glow((0, 0), 2.4 * size, 0x70060408, 0x00060408))
    canvas.restore()


def draw_desk(canvas: skia.Canvas, decor: Decor, seats: tuple[float, ...], size: float) -> None:
    """The desk with mugs and papers."""
    wood = decor.wood
    canvas.drawRect(
        skia.Rect(-3000, DESK_Y, 4280, FRONT_Y),
        ramp((0, DESK_Y), (0, FRONT_Y), (tone(wood, 0.86), mix(wood, 0xFFFFE8C8, 0.16)), (0.0, 1.0)),
    )
    for i, y in enumerate((574, 592, 607, 625)):
        canvas.drawLine(-3000, y, 4280, y + (3 if i % 2 else -3), line(fade(tone(wood, 0.6), 0.16), 1.6))
    for x in seats:
        canvas.drawOval(oval(x, DESK_Y + 22, size * 2.3, 20), fill(0x2A0A0508))
    canvas.drawRect(skia.Rect(-3000, FRONT_Y, 4280, FRONT_Y + 9), fill(mix(wood, 0xFFFFF0D8, 0.4)))
    front = (tone(wood, 0.62), tone(wood, 0.34))
    canvas.drawRect(skia.Rect(-3000, FRONT_Y + 9, 4280, 3720), ramp((0, FRONT_Y), (0, 760), front, (0.0, 1.0)))
    canvas.drawRect(
        skia.Rect(-3000, FRONT_Y + 9, 4280, FRONT_Y + 60),
        ramp((0, FRONT_Y + 9), (0, FRONT_Y + 60), (0x60000000, 0), (0.0, 1.0)),
    )
    canvas.drawLine(-3000, FRONT_Y + 30, 4280, FRONT_Y + 30, line(fade(decor.accent, 0.25), 12))
    canvas.drawLine(-3000, FRONT_Y + 30, 4280, FRONT_Y + 30, line(mix(decor.accent, 0xFFFFFFFF, 0.35), 3.5))
    for index, x in enumerate(seats):
        side = _outer(x)
        _mug(canvas, x + side * size * 1.62, FRONT_Y - 14, size, decor.accent if index % 2 else decor.accent2)
        if decor.style >> index & 1:
            _paper(canvas, x - side * size)


def record_microphone(decor: Decor, side: int, live: bool) -> skia.Picture:
    """A microphone on an arm, in the units of its host; it comes from ``side`` (-1 left, 1 right)."""
    recorder = skia.PictureRecorder()
    canvas = recorder.beginRecording(skia.Rect(-4, -4, 4, 7))
    canvas.scale(side, 1)
    canvas.drawOval(oval(1.42, 4.36, 0.36, 0.1), fill(0xFF1A191F))
    canvas.drawPath(path_of("M1.42 4.34 L1.5 2.62 L1.0 2.36"), line(0xFF1D1C22, 0.11))
    canvas.drawPath(path_of("M1.40 4.2 L1.475 2.66"), line(0xFF5C5B66, 0.03))
    canvas.drawCircle(1.5, 2.62, 0.1, fill(0xFF3A3943))
    canvas.translate(0.78, 2.2)
    canvas.rotate(32)
    canvas.drawRoundRect(skia.Rect(-0.1, -0.2, 0.62, 0.2), 0.12, 0.12, fill(0xFF2B2A32))
    canvas.drawRoundRect(skia.Rect(-0.1, -0.2, 0.62, -0.08), 0.06, 0.06, fill(0x40FFFFFF))
    canvas.drawRoundRect(
        skia.Rect(-0.52, -0.25, 0.06, 0.25),
        0.23,
        0.25,
        ramp((0, -0.25), (0, 0.25), (0xFF4C4B56, 0xFF17161B), (0.0, 1.0)),
    )
    for x in (-0.36, -0.24, -0.12):
        canvas.drawLine(x, -0.2, x, 0.2, line(0x28FFFFFF, 0.025))
    canvas.drawRect(skia.Rect(0.06, -0.22, 0.12, 0.22), fill(decor.accent))
    if live:
        canvas.drawCircle(0.42, 0.0, 0.13, glow((0.42, 0), 0.13, 0xB0FF4A3A, 0x00FF4A3A))
        canvas.drawCircle(0.42, 0.0, 0.05, fill(0xFFFF5A48))
    return recorder.finishRecordingAsPicture()


def _colour(palette: Mapping[str, object], key: str, default: int) -> int:
    return parse_colour(str(palette.get(key) or "")) or default


def _outer(x: float) -> int:
    return -1 if x < WIDTH / 2 else 1


def _slats(canvas: skia.Canvas, decor: Decor) -> None:
    step, kind = (34, 26, 48)[decor.style % 3], decor.style >> 4 & 1
    for i in range(-30, 76):
        x = i * step
        if kind and 200 < x < 1060:
            continue
        canvas.drawRect(skia.Rect(x, -3000, x + step * 0.45, 3720), fill(fade(decor.shadow, 0.30)))
        canvas.drawRect(skia.Rect(x + step * 0.45, -3000, x + step * 0.45 + 1.5, 3720), fill(0x12FFFFFF))


def _screen(canvas: skia.Canvas, decor: Decor, scene: skia.Image | None) -> None:
    blur = skia.Paint(
        AntiAlias=True,
        Color=fade(mix(decor.accent, 0xFFFFFFFF, 0.3), 0.5),
        MaskFilter=skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, 22),
    )
    canvas.drawRoundRect(SCREEN.makeOutset(12, 12), 26, 26, blur)
    canvas.drawRoundRect(SCREEN.makeOutset(11, 11), 24, 24, fill(0xFF131218))
    canvas.save()
    canvas.clipRRect(skia.RRect.MakeRectXY(SCREEN, 14, 14), doAntiAlias=True)
    if scene is None:
        canvas.drawRect(SCREEN, ramp((252, 48), (1028, 485), (decor.accent2, decor.accent), (0.0, 1.0)))
    else:
        canvas.drawImageRect(
            scene, _cover(scene), SCREEN, skia.SamplingOptions(skia.FilterMode.kLinear, skia.MipmapMode.kLinear)
        )
    canvas.drawRect(SCREEN, fill(0x3C0C0A14))
    canvas.drawPath(path_of("M252 48 L620 48 L400 485 L252 485 Z"), fill(0x0CFFFFFF))
    canvas.restore()


def _cover(scene: skia.Image) -> skia.Rect:
    wanted = SCREEN.width() / SCREEN.height()
    wide, high = float(scene.width()), float(scene.height())
    if wide / high > wanted:
        cut = high * wanted
        return skia.Rect.MakeXYWH((wide - cut) / 2, 0, cut, high)
    cut = wide / wanted
    return skia.Rect.MakeXYWH(0, (high - cut) / 2, wide, cut)


def _side_furniture(canvas: skia.Canvas, decor: Decor, side: int) -> None:
    canvas.save()
    canvas.translate(640 + side * 545, 0)
    dice = random.Random(decor.style * 2 + side)
    kind = (decor.style + (side > 0)) % 3
    if kind == 0:
        _shelf(canvas, decor, dice, 210)
        _shelf(canvas, decor, dice, 360)
    elif kind == 1:
        _plant(canvas, decor, dice)
    else:
        _lamp(canvas)
        _shelf(canvas, decor, dice, 380)
    canvas.restore()


def _shelf(canvas: skia.Canvas, decor: Decor, dice: random.Random, y: float) -> None:
    canvas.drawRect(skia.Rect(-84, y, 84, y + 10), fill(tone(decor.wood, 0.8)))
    canvas.drawRect(skia.Rect(-84, y + 10, 84, y + 22), fill(0x30000000))
    x, ball = -78.0, False
    while x < 60:
        wide, high = dice.uniform(9, 20), dice.uniform(48, 86)
        ball = not ball and dice.random() < 0.2
        if ball:
            canvas.drawCircle(x + 16, y - 16, 16, fill(mix(decor.accent2, decor.wall, 0.3)))
            x += 36
            continue
        colour = mix(dice.choice((decor.accent, decor.accent2, 0xFFE7DCC8, 0xFF8A4B4B, 0xFF3F5F74)), decor.wall, 0.35)
        canvas.drawRoundRect(skia.Rect(x, y - high, x + wide, y), 2, 2, fill(colour))
        canvas.drawRect(skia.Rect(x + 2, y - high + 9, x + wide - 2, y - high + 13), fill(0x40FFFFFF))
        x += wide + dice.choice((1, 1, 2, 14))


def _plant(canvas: skia.Canvas, decor: Decor, dice: random.Random) -> None:
    canvas.drawPath(path_of("M-52 470 L52 470 L40 600 L-40 600 Z"), fill(mix(decor.accent, 0xFFE9E0D2, 0.55)))
    for i in range(11):
        angle = -90 + (i - 5) * 17 + dice.uniform(-6, 6)
        length = dice.uniform(0.85, 1.2)
        canvas.save()
        canvas.translate(0, 478)
        canvas.rotate(angle)
        canvas.scale(length, length)
        shade = mix(0xFF2F6B4B, 0xFF7FB069, dice.random())
        canvas.drawPath(path_of("M0 0 C70 -34 150 -36 210 0 C150 30 70 26 0 0 Z"), fill(mix(shade, decor.wall, 0.18)))
        canvas.drawLine(10, 0, 195, 0, line(0x28FFFFFF, 2))
        canvas.restore()


def _lamp(canvas: skia.Canvas) -> None:
    canvas.drawLine(0, -3000, 0, 88, line(0xFF1B1A20, 4))
    canvas.drawCircle(0, 160, 190, glow((0, 160), 190, 0x88FFDFA0, 0x00FFDFA0))
    canvas.drawPath(path_of("M-20 84 L20 84 L62 150 L-62 150 Z"), fill(0xFF26232A))
    canvas.drawOval(oval(0, 150, 61, 11), fill(0xFFFFE9BE))


def _paper(canvas: skia.Canvas, x: float) -> None:
    canvas.save()
    canvas.translate(x, 0)
    canvas.drawPath(path_of("M-40 628 L26 628 L34 612 L-26 612 Z"), fill(0xFFE9E4DA))
    canvas.restore()


def _mug(canvas: skia.Canvas, x: float, y: float, size: float, colour: int) -> None:
    canvas.save()
    canvas.translate(x, y)
    canvas.scale(size / 80, size / 80)
    canvas.drawOval(oval(4, 2, 34, 7), fill(0x40000000))
    canvas.drawArc(skia.Rect(12, -42, 42, -12), -80, 170, False, line(tone(colour, 0.75), 6))
    canvas.drawRoundRect(
        skia.Rect(-24, -52, 24, 2),
        7,
        9,
        ramp((-24, 0), (24, 0), (mix(colour, 0xFFFFFFFF, 0.25), colour, tone(colour, 0.7)), (0.0, 0.4, 1.0)),
    )
    canvas.drawOval(oval(0, -51, 24, 6), fill(tone(colour, 0.55)))
    canvas.drawOval(oval(0, -50, 20, 4.2), fill(0xFF3A2118))
    canvas.restore()
