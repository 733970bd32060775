"""Colours of slides, and the ground that they stand on."""

from __future__ import annotations

from dataclasses import dataclass

import skia

from murakkab_runtimes.image.type import argb


@dataclass(frozen=True)
class Theme:
    """A palette, each colour ``#rrggbb``.

    Attributes:
        top, bottom: of the ground, from one corner to the other.
        panel: behind code and tables.
        ink, muted: of text and of what is less important; ``ink`` stands out from the ground by 7 to 1 or more.
        accent, accent2: of marks.
        warm, cool, faint: of words in code beside ``ink``.

    """

    top: str
    bottom: str
    panel: str
    ink: str
    muted: str
    accent: str
    accent2: str
    warm: str
    cool: str
    faint: str

    def palette(self) -> dict[str, str]:
        """The roles that cards use."""
        return {
            "background": self.bottom,
            "surface": self.top,
            "accent": self.accent,
            "accent2": self.accent2,
            "ink": self.ink,
            "muted": self.muted,
        }


THEMES: dict[str, Theme] = {
    "night": Theme(
        "#1b2a4a", "#0c1424", "#0a101d", "#f4f6fb", "#a6b3cb", "#ffb454", "#56c8c0", "#ffb98a", "#8fd3ff", "#7c8ba6"
    ),
    "paper": Theme(
        "#fffdf8", "#f1eadc", "#fffefb", "#22262f", "#61656e", "#d1512d", "#24788a", "#a5431f", "#1f6387", "#85806f"
    ),
    "forest": Theme(
        "#1f4a44", "#0d2422", "#091a19", "#f2f7ef", "#a9c3b4", "#f3c35c", "#7fd6a4", "#ffc48c", "#9be0d2", "#7fa294"
    ),
    "dawn": Theme(
        "#fff3e6", "#f6dccf", "#fffaf4", "#33222c", "#715a64", "#c9472f", "#7b4f9d", "#a83a4c", "#5a4aa8", "#957a80"
    ),
}
DEFAULT = "night"

MARGIN = 0.06
"""How much larger than the picture its ground is, so that it can drift."""


def ground(theme: Theme, width: int, height: int) -> skia.Image:
    """The ground of all slides, larger than the picture by ``MARGIN``."""
    wide, tall = round(width * (1 + MARGIN)), round(height * (1 + MARGIN))
    surface = skia.Surface(wide, tall)
    with surface as canvas:
        ends = [skia.Point(0, 0), skia.Point(wide, tall)]
        shader = skia.GradientShader.MakeLinear(ends, [argb(theme.top), argb(theme.bottom)])
        canvas.drawRect(skia.Rect.MakeWH(wide, tall), skia.Paint(Shader=shader, Dither=True))
        _disc(canvas, wide * 0.97, tall * 0.02, tall * 0.4, theme.accent2, 0.08)
        _disc(canvas, wide * 1.0, tall * 0.3, tall * 0.25, theme.accent, 0.07)
    return surface.makeImageSnapshot()


def ornament(canvas: skia.Canvas, theme: Theme, width: float, height: float) -> None:
    """The shapes at the right of a title slide."""
    canvas.save()
    canvas.clipRect(skia.Rect.MakeWH(width, height))
    _disc(canvas, width * 0.97, height * 0.92, height * 0.62, theme.accent2, 0.13)
    _disc(canvas, width * 0.84, height * 1.06, height * 0.39, theme.accent, 0.16)
    ring = skia.Paint(Color=argb(theme.accent2, 0.5), AntiAlias=True)
    ring.setStyle(skia.Paint.kStroke_Style)
    ring.setStrokeWidth(height / 130)
    canvas.drawCircle(width * 0.83, height * 0.36, height * 0.17, ring)
    canvas.restore()


def _disc(canvas: skia.Canvas, x: float, y: float, radius: float, colour: str, alpha: float) -> None:
    canvas.drawCircle(x, y, radius, skia.Paint(Color=argb(colour, alpha), AntiAlias=True))
