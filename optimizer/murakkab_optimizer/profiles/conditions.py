"""What a speed holds for, in numbers that compare: the size of the picture that is made, steps, frames, tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SPREAD = "context_parallel"
"""The knob that says over how many devices of its instance a task is spread: the ``devices`` of a profile."""

HEIGHT, WIDTH, FROM_HEIGHT = "height", "width", "from_height"
PIXELS, ENLARGED = "pixels", "times higher"

Amounts = dict[str, float]
"""Positive numbers by name."""

RISING = (PIXELS, "frames", "steps", "seconds")
"""Amounts of work: more of them never takes less time."""


def drawn_height(knobs: Mapping[str, Any]) -> float:
    """Lines of the picture that a model makes, where its settings say so; 0 for all that are asked for."""
    heights = [value for name, value in knobs.items() if name.endswith(HEIGHT) and isinstance(value, int | float)]
    return max([float(height) for height in heights], default=0.0)


def drawn(conditions: Mapping[str, Any], knobs: Mapping[str, Any]) -> dict[str, Any]:
    """Conditions and settings as one, but for ``SPREAD``; the height is that of the picture that is made."""
    plain = {name: value for name, value in knobs.items() if not name.endswith(HEIGHT) and name != SPREAD}
    height = drawn_height(knobs)
    if not height:
        return {**conditions, **plain}
    return {**{name: value for name, value in conditions.items() if name != WIDTH}, **plain, HEIGHT: height}


def amounts(taken: Mapping[str, Any], wanted: Mapping[str, Any]) -> Amounts:
    """The numbers of ``taken`` that both have, sizes of pictures as pixels.

    Where one has no width, all pictures are taken to be of the same shape, and lines times lines stand for pixels.
    """
    numbers = {name: float(value) for name, value in taken.items() if _counts(value) and _counts(wanted.get(name))}
    width, height, source = (numbers.pop(name, 0.0) for name in (WIDTH, HEIGHT, FROM_HEIGHT))
    if height:
        numbers[PIXELS] = height * (width or height)
    if height and source:
        numbers[ENLARGED] = height / source
    return numbers


def unasked(taken: Mapping[str, Any], wanted: Mapping[str, Any]) -> Amounts:
    """The numbers of ``taken`` that nobody asks for: profiles that differ in them do not compare."""
    asked = amounts(taken, wanted)
    return {name: round(value, 6) for name, value in amounts(taken, taken).items() if name not in asked}


def words(taken: Mapping[str, Any]) -> dict[str, Any]:
    """What is only equal or not."""
    return {name: value for name, value in taken.items() if not _counts(value)}


def told(taken: Mapping[str, Any], names: Mapping[str, float]) -> str:
    """These amounts as they were written, for people: ``1280x720``, ``540 lines``, ``steps 25``."""
    parts = []
    if PIXELS in names:
        size = f"{taken[WIDTH]:g}x{taken[HEIGHT]:g}" if WIDTH in taken else f"{taken[HEIGHT]:g} lines"
        parts.append(size)
    if ENLARGED in names and FROM_HEIGHT in taken:
        parts.append(f"from {taken[FROM_HEIGHT]:g}")
    parts += [f"{name} {taken[name]:g}" for name in names if name in taken]
    return ", ".join(parts)


def numbers(wanted: Mapping[str, Any]) -> frozenset[str]:
    """Names of what can be compared by its ratio; which they are decides what `amounts` finds."""
    return frozenset(name for name, value in wanted.items() if _counts(value))


def _counts(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
