"""What is seen while a line is spoken: a camera that moves over a picture, or a slide that builds up."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import skia

from murakkab_runtimes.base import InputError
from murakkab_runtimes.image.cards import CREDIT, DEFAULT_PALETTE
from murakkab_runtimes.image.type import Style, argb, fit
from murakkab_runtimes.video.shot import Timing

FADE_IN_S, FADE_OUT_S = 0.4, 0.3
"""A section comes out of, and goes back into, the colour of the ground."""

APPEAR_S, EARLY_S = 0.45, 0.2
"""How long a piece of a slide takes to appear, and how much before its word it begins to."""

RISE = 9.0
"""How far a piece rises while it appears, in units of 1/360 of the height."""

ZOOMS = ((1.03, 1.1), (1.13, 1.22))
"""Ranges of the camera's enlargement: far and near, by turns."""

REACH = 0.75
"""Share of the room that an enlargement leaves which the camera uses to the sides."""

_LINEAR = skia.SamplingOptions(skia.FilterMode.kLinear)


class Cut(Protocol):
    """What a shot reads of a line: whether its section begins and ends with it, and the cards before and behind it."""

    @property
    def begins(self) -> bool: ...  # noqa: D102
    @property
    def ends(self) -> bool: ...  # noqa: D102
    @property
    def opening(self) -> Mapping[str, Any] | None: ...  # noqa: D102
    @property
    def closing(self) -> Mapping[str, Any] | None: ...  # noqa: D102


class Shot(Protocol):
    """What is seen during a line."""

    palette: dict[str, str]

    def draw(self, canvas: skia.Canvas, time: float) -> None:
        """Draw the frame at a second of the line."""


class CameraShot:
    """A camera that moves from one view of a picture to the next; the lines of a section continue its way.

    Args:
        picture: ``image`` and ``palette``.
        size: of the canvas in pixels.
        timing: of the line.
        line: what is spoken.
        seed: of the section.
        beat: number of the line in its section.
    """

    def __init__(
        self, picture: Mapping[str, Any], size: tuple[int, int], timing: Timing, line: Cut, seed: int, beat: int
    ) -> None:
        self.palette: dict[str, str] = {**DEFAULT_PALETTE, **(picture.get("palette") or {})}
        self._image, self._size, self._timing, self._line = read_image(picture.get("image")), size, timing, line
        self._from, self._to = view(seed, beat), view(seed, beat + 1)

    def draw(self, canvas: skia.Canvas, time: float) -> None:
        """Draw the picture, the dip into the dark at both ends of a section, and the cards."""
        share = min(time / self._timing.seconds, 1.0)
        eased = 0.4 * share + 0.6 * _smooth(share)
        zoom, x, y = (a + (b - a) * eased for a, b in zip(self._from, self._to, strict=True))
        frame = skia.Rect.MakeWH(*self._size)
        canvas.drawImageRect(
            self._image, self._seen(zoom, x, y), frame, _LINEAR, skia.Paint(BlendMode=skia.BlendMode.kSrc)
        )
        dark = 1 - _presence(time, self._timing, self._line)
        if dark > 0:
            canvas.drawRect(frame, skia.Paint(Color=argb(self.palette["background"], dark)))
        draw_cards(canvas, self._size, self.palette, time, self._timing, self._line)

    def _seen(self, zoom: float, x: float, y: float) -> skia.Rect:
        """The part of the picture that fills the canvas: as large as its shape allows, divided by ``zoom``."""
        wide, tall = self._image.width(), self._image.height()
        shape = self._size[0] / self._size[1]
        width, height = min(wide, tall * shape) / zoom, min(tall, wide / shape) / zoom
        left, top = (wide - width) / 2 * (1 + x * REACH), (tall - height) / 2 * (1 + y * REACH)
        return skia.Rect.MakeXYWH(left, top, width, height)


def view(seed: int, number: int) -> tuple[float, float, float]:
    """The camera's view at the beginning of a line: enlargement, and where it looks (-1 to 1)."""
    near = (number + seed) % 2
    dice = random.Random(f"view {seed} {number}")
    return dice.uniform(*ZOOMS[near]), dice.uniform(-1, 1), dice.uniform(-0.8, 0.8)


class SlideShot:
    """A slide whose pieces appear when they are spoken of.

    Args:
        picture: the value of a slide-rendering node.
        size: of the canvas in pixels.
        timing: of the line.
        line: what is spoken.
        due: seconds at which each step of this line appears.
        shown: steps that are there from the start.
        number: of the line in the show, from 0; the ground drifts on from line to line.
    """

    def __init__(
        self, picture: Mapping[str, Any], size: tuple[int, int], timing: Timing, line: Cut, due: Mapping[int, float],
        shown: int, number: int,
    ) -> None:  # fmt: skip
        self.palette: dict[str, str] = {**DEFAULT_PALETTE, **(picture.get("palette") or {})}
        self._ground, self._size, self._timing, self._line = read_image(picture.get("ground")), size, timing, line
        self._layers = [(read_image(one["image"]), one["x"], one["y"], one["step"]) for one in picture["layers"]]
        self._due, self._shown = due, shown
        self._from, self._to = drift(number), drift(number + 1)

    def draw(self, canvas: skia.Canvas, time: float) -> None:
        """Draw the ground, what is there, what appears, and the closing card."""
        unit = self._size[1] / 360
        share = min(time / self._timing.seconds, 1.0)
        x, y = (a + (b - a) * share for a, b in zip(self._from, self._to, strict=True))
        slack = (self._ground.width() - self._size[0], self._ground.height() - self._size[1])
        canvas.drawImage(self._ground, -slack[0] / 2 * (1 + x), -slack[1] / 2 * (1 + y), _LINEAR)
        whole = _presence(time, self._timing, self._line) * (1 - _closing(time, self._timing))
        for image, left, top, step in self._layers:
            shown = self._appeared(step, time)
            if whole * shown > 0:
                rise = RISE * unit * (1 - _settled(shown))
                canvas.drawImage(image, left, top + rise, _LINEAR, skia.Paint(Alphaf=whole * shown))
        draw_cards(canvas, self._size, self.palette, time, self._timing, self._line, scrim=0.0)

    def _appeared(self, step: int, time: float) -> float:
        if step in self._due:
            return max(0.0, min((time - self._due[step] + EARLY_S) / APPEAR_S, 1.0))
        return 1.0 if step <= self._shown else 0.0


def drift(number: int) -> tuple[float, float]:
    """Where the ground stands (-1 to 1) at the beginning of a line."""
    return 0.8 * math.sin(0.7 * number), 0.8 * math.sin(0.47 * number + 1)


def draw_cards(
    canvas: skia.Canvas, size: tuple[int, int], palette: Mapping[str, str], time: float, timing: Timing, line: Cut,
    scrim: float = 0.6,
) -> None:  # fmt: skip
    """Draw the opening card of the first line and the closing card behind the last; ``scrim`` darkens what is below."""
    if line.opening is not None:
        _card(canvas, size, palette, line.opening, min(0.55 + time / 0.7, 1.0), scrim * 0.8)
    if (alpha := _closing(time, timing)) > 0 and line.closing is not None:
        _card(canvas, size, palette, line.closing, alpha, scrim * 1.3)


def _card(
    canvas: skia.Canvas, size: tuple[int, int], palette: Mapping[str, str], card: Mapping[str, Any], alpha: float,
    scrim: float,
) -> None:  # fmt: skip
    """A large line, a bar and smaller lines, centred."""
    unit, middle = size[1] / 360, size[0] / 2
    if scrim > 0:
        canvas.drawRect(skia.Rect.MakeWH(*size), skia.Paint(Color=argb(palette["background"], scrim * alpha)))
    room = size[0] * 0.78
    head = fit(str(card["head"]), _style(46 * unit, 700, palette["ink"]), room, 150 * unit, 18 * unit, balanced=True)
    small = _style(14.5 * unit, 500, palette["muted"])
    lines = [fit(str(text), small, room, 60 * unit, 10 * unit) for text in [*card.get("lines", ()), *_credit(card)]]
    height = head.height + 26 * unit + sum(line.height + 5 * unit for line in lines)
    y = (size[1] * 0.94 - height) / 2 + 8 * unit * (1 - _settled(alpha))
    head.draw(canvas, middle - head.room / 2, y, alpha)
    y += head.height + 10 * unit
    bar = skia.Rect.MakeXYWH(middle - 28 * unit * alpha, y, 56 * unit * alpha, 4 * unit)
    canvas.drawRoundRect(bar, 2 * unit, 2 * unit, skia.Paint(Color=argb(palette["accent"], alpha), AntiAlias=True))
    y += 16 * unit
    for line in lines:
        line.draw(canvas, middle - line.room / 2, y, alpha)
        y += line.height + 5 * unit


def _credit(card: Mapping[str, Any]) -> list[str]:
    return [CREDIT] if card.get("credit") else []


def _style(size: float, weight: int, colour: str) -> Style:
    return Style(size, weight, colour, align="center", leading=1.2)


def _presence(time: float, timing: Timing, line: Cut) -> float:
    """How much of a section's picture is there, 0 to 1: it comes at its first line and goes at its last."""
    coming = time / FADE_IN_S if line.begins and line.opening is None and not timing.title else 1.0
    going = (timing.seconds - time) / FADE_OUT_S if line.ends and line.closing is None else 1.0
    return _smooth(max(0.0, min(coming, going, 1.0)))


def _closing(time: float, timing: Timing) -> float:
    return 0.0 if timing.outro is None else _smooth(max(0.0, min((time - timing.outro) / 0.6, 1.0)))


def _smooth(x: float) -> float:
    return x * x * (3 - 2 * x)


def _settled(x: float) -> float:
    return 1 - (1 - max(0.0, min(x, 1.0))) ** 3


def read_image(path: Any) -> skia.Image:  # noqa: ANN401 - whatever a picture's value holds
    """A picture file, kept while it is in use.

    Raises:
        InputError: it is none that can be read.
    """
    if path is None:
        raise InputError("the picture has no 'image'; give the value of a text-to-image or slide-rendering node")
    return _load(Path(path))


@lru_cache(24)
def _load(path: Path) -> skia.Image:
    try:
        return skia.Image.MakeFromEncoded(skia.Data.MakeFromFileName(str(path))).makeRasterImage()
    except (RuntimeError, AttributeError, ValueError, TypeError):
        raise InputError(f"the picture {path.name} cannot be read (PNG, JPEG or WebP)") from None
