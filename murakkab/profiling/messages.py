"""What ``murakkab profile`` and the process of a model say to each other: one JSON object a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

PATH = "$path"


class Make(msgspec.Struct, frozen=True, tag=True):
    """Do these tasks, one after the other."""

    tasks: list[dict[str, Any]]
    in_order: bool = False


class Measure(msgspec.Struct, frozen=True, tag=True):
    """Do the pieces of a probe again and again.

    Attributes:
        probe: its index among those of the card.
        knobs: settings.
        repeats: rounds over all pieces.
        cap_s: no round begins later than this after the first.
        only: index of the piece that is done; None for all.
        warm: do the first piece once before, uncounted.

    """

    probe: int
    knobs: dict[str, Any]
    repeats: int
    cap_s: float
    only: int | None = None
    warm: bool = True


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """The model can take its first task; it took ``load_s`` seconds."""

    load_s: float


class Done(msgspec.Struct, frozen=True, tag=True):
    """What was made: value, meta and items of each task."""

    made: list[tuple[Any, dict[str, Any], list[tuple[Any, dict[str, Any]]]]]


class Sample(msgspec.Struct, frozen=True):
    """One task that was timed.

    Attributes:
        piece: index of the piece.
        units: of work.
        seconds: that it takes on idle cores: what it waited for a core is left out.
        wall_s: that passed.
        cpu_s: processor seconds, all threads together, programs that it called included.
        first_s: seconds to the first item; None where there was none.

    """

    piece: int
    units: float
    seconds: float
    wall_s: float
    cpu_s: float
    first_s: float | None = None


class Measured(msgspec.Struct, frozen=True, tag=True):
    """The samples, the peak of the memory meanwhile in MiB, and of each number among the arguments the largest one."""

    samples: list[Sample]
    peak_mb: float
    most: dict[str, float] = {}


class Fault(msgspec.Struct, frozen=True, tag=True):
    """It could not be done."""

    error: str


Request = Make | Measure
Reply = Loaded | Done | Measured | Fault


def marked(value: Any) -> Any:  # noqa: ANN401 - JSON with paths
    """The value with each path as ``{"$path": text}``."""
    match value:
        case Path():
            return {PATH: str(value)}
        case dict():
            return {key: marked(inner) for key, inner in value.items()}
        case list() | tuple():
            return [marked(inner) for inner in value]
    return value


def unmarked(value: Any) -> Any:  # noqa: ANN401 - JSON with paths
    """What ``marked`` was given."""
    match value:
        case {"$path": str(text)} if len(value) == 1:
            return Path(text)
        case dict():
            return {key: unmarked(inner) for key, inner in value.items()}
        case list():
            return [unmarked(inner) for inner in value]
    return value
