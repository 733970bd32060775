"""Memory that configurations were seen to need: at least so much, or more than there was.

A task of larger settings in larger conditions needs at least as much, one of smaller ones at most as much; between
others, and between tasks that are spread over different numbers of devices, nothing is inferred. Conditions are the
numbers among the arguments of a node, such as the width of a picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from murakkab_optimizer.profiles.conditions import SPREAD


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was seen of one configuration in one set of conditions.

    Attributes:
        model: name of the card.
        device: name of the device type.
        knobs: settings of the model.
        conditions: numbers among the arguments of the node.
        peak_mb: MiB of the device that a task took at most; 0 where none was done.
        beyond_mb: MiB in which a task found no room: it needs more; 0 where none was refused.

    """

    model: str
    device: str
    knobs: dict[str, Any] = {}
    conditions: dict[str, Any] = {}
    peak_mb: float = 0.0
    beyond_mb: float = 0.0

    @property
    def key(self) -> str:
        """What it is of, as one text."""
        parts = (self.model, self.device, self.knobs, self.conditions)
        return msgspec.json.encode(parts, order="deterministic").decode()

    def within(self, other: Seen) -> bool:
        """Whether nothing of it is larger than the same of another one, so that it needs no more memory."""
        same = (self.model, self.device) == (other.model, other.device)
        same = same and self.knobs.get(SPREAD) == other.knobs.get(SPREAD)
        return same and _no_larger(self.knobs, other.knobs) and _no_larger(self.conditions, other.conditions)

    def and_then(self, later: Seen) -> Seen:
        """The same after it was seen once more; what was done has room, whatever was said before."""
        return msgspec.structs.replace(
            self,
            peak_mb=max(self.peak_mb, later.peak_mb),
            beyond_mb=later.beyond_mb if later.peak_mb else max(self.beyond_mb, later.beyond_mb),
        )


class Measured(Seen, frozen=True, forbid_unknown_fields=True):
    """What was seen when a model was measured. A condition that it does not name may be anything."""


class Memories:
    """All that was seen.

    Args:
        seen: by configuration.

    """

    def __init__(self, seen: Iterable[Seen] = ()) -> None:
        self._seen: dict[tuple[str, str], list[Seen]] = {}
        for one in seen:
            self._seen.setdefault((one.model, one.device), []).append(one)

    def need_mb(self, wanted: Seen, said_mb: float) -> float:
        """MiB that a configuration needs: as seen, where tasks as large were done; else as said, or as seen if more.

        Args:
            wanted: the configuration; its figures do not count.
            said_mb: by its card.

        """
        least = max((one.peak_mb for one in self._like(wanted) if one.within(wanted)), default=0.0)
        enough = min((one.peak_mb for one in self._like(wanted) if one.peak_mb and wanted.within(one)), default=said_mb)
        return max(least, enough)

    def beyond_mb(self, wanted: Seen) -> float:
        """MiB in which a task that is no larger found no room; 0 where all did."""
        return max((one.beyond_mb for one in self._like(wanted) if one.within(wanted)), default=0.0)

    def refused(self, model: str, devices: Iterable[str]) -> float:
        """MiB in which any configuration of a model found no room on one of these devices; 0 where all did."""
        return max((one.beyond_mb for name in devices for one in self._seen.get((model, name), ())), default=0.0)

    def _like(self, wanted: Seen) -> Iterator[Seen]:
        for one in self._seen.get((wanted.model, wanted.device), ()):
            measured = isinstance(one, Measured)
            filled = {**wanted.conditions, **one.conditions} if measured else one.conditions
            yield msgspec.structs.replace(one, conditions=filled) if measured else one


def _no_larger(small: Mapping[str, Any], large: Mapping[str, Any]) -> bool:
    return small.keys() == large.keys() and all(_at_most(value, large[name]) for name, value in small.items())


def _at_most(small: object, large: object) -> bool:
    if isinstance(small, bool) or isinstance(large, bool):
        return small is large
    if isinstance(small, int | float) and isinstance(large, int | float):
        return small <= large
    return small == large
