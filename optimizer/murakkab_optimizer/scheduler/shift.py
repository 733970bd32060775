"""When so many instances came or went that shots must be looked at again."""

from __future__ import annotations

from collections.abc import Callable, Collection

SHIFT = 0.05
"""Share of the instances of a model; where fewer come or go, what is left to chance in the times of shots is enough."""


class Shift:
    """Remembers how many instances there were when shots were last looked at.

    Looking at shots takes the longer the more there are, and so do instances: by the share that they are, a loss among
    many costs no more than a loss among few.

    Args:
        instances: how many instances of a model there are; of a model without a name, those that can use any.
    """

    def __init__(self, instances: Callable[[str], int]) -> None:
        self._instances = instances
        self._seen: dict[str, int] = {}

    def moved(self, models: Collection[str] | None) -> bool:
        """Whether a model that came or went (None: any) has its first instance, lost its last one, or shifted."""
        counts = {model: self._instances(model) for model in (models if models is not None else ("",))}
        if not any(self._shifted(self._seen.get(model, 0), count) for model, count in counts.items()):
            return False
        self._seen.update(counts)
        return True

    def _shifted(self, before: int, count: int) -> bool:
        return count != before and (not count or abs(count - before) >= SHIFT * before)
