"""The models that a worker process holds: it lets go of them when it is told to.

On an accelerator, those unused for longest make room for others where what it was told to let go of is not enough.
Where a task finds no room all the same, there or in the memory of the machine, all others go.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.profiles.conditions import SPREAD
from murakkab_runtimes.base import Runtime, as_loaded, runtime_class

ROOM = "MURAKKAB_ACCELERATOR_MB"
"""Environment variable: MiB of the worker's accelerator. Without it models make room once one was refused."""


class Held:
    """Loaded models by name, those used last at the end; it iterates over the names.

    Args:
        loading: what a load happens in, by the name of the model.

    """

    def __init__(self, loading: Callable[[str], AbstractContextManager[object]]) -> None:
        self._loading = loading
        self._runtimes: dict[str, Runtime] = {}
        self._left: list[str] = []
        self._room_mb = float(os.environ.get(ROOM) or "inf")

    def __iter__(self) -> Iterator[str]:
        return iter(self._runtimes)

    def get(self, card: ModelCard, threads: int, knobs: Mapping[str, Any]) -> Runtime:
        """The model of a card; it is loaded if it is not held in these settings."""
        if self._is_unfit(card.name, knobs):
            self._let_go(card.name)
        found = self._runtimes.pop(card.name, None)
        if found is None:
            kind = runtime_class(card.adapter)
            asked = as_loaded(card, kind, knobs)
            self._make_room(asked)
            self._left.append(card.name)
            with self._loading(card.name):
                found = _loaded(asked, kind, max(threads, 1))
        self._runtimes[card.name] = found
        return found

    def let_go(self, names: Iterable[str]) -> None:
        """Let go of these, as far as they are held."""
        for name in names:
            if name in self._runtimes:
                self._let_go(name)

    def _is_unfit(self, name: str, knobs: Mapping[str, Any]) -> bool:
        """Whether a model is held that is broken, or was loaded in other settings than these."""
        if (found := self._runtimes.get(name)) is None:
            return False
        return found.broken or any(
            found.card.knobs.get(knob) != knobs[knob] for knob in found.loaded_with if knob in knobs
        )

    def leave_only(self, card: ModelCard) -> bool:
        """Let go of all other models, for one that found no room; whether there was one."""
        others = [name for name in self._runtimes if name != card.name]
        for name in others:
            self._give_up(name)
        return bool(others)

    def take_left(self) -> tuple[str, ...]:
        """The models that were let go of, or could not be loaded, since this was asked last; nobody had named them."""
        found, self._left = self._left, []
        return tuple(name for name in dict.fromkeys(found) if name not in self._runtimes)

    def close(self) -> None:
        """Let go of all."""
        for runtime in self._runtimes.values():
            runtime.close()

    def _make_room(self, card: ModelCard) -> None:
        """Let go of what was not used for longest until a model has its place."""
        if not card.needs.accelerator_mb:
            return
        for name in self._on_accelerator():
            if self._taken_mb() + card.needs_with(card.knobs).accelerator_mb <= self._room_mb:
                return
            self._give_up(name)

    def _on_accelerator(self) -> list[str]:
        return [name for name, runtime in self._runtimes.items() if runtime.card.needs.accelerator_mb]

    def _taken_mb(self) -> float:
        return sum(_held_mb(self._runtimes[name]) for name in self._on_accelerator())

    def _give_up(self, name: str) -> None:
        self._left.append(name)
        self._let_go(name)

    def _let_go(self, name: str) -> None:
        runtime = self._runtimes.pop(name)
        runtime.close()
        del runtime
        gc.collect()
        if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()


def _loaded(card: ModelCard, kind: type[Runtime], threads: int) -> Runtime:
    """The model of a card, in this process or in a group of them."""
    if card.knobs.get(SPREAD, 1) != 1:
        from murakkab_runtimes.hub.group import Group, processes_for

        if (count := processes_for(card)) > 1:
            return Group(card, threads, count)
    return kind(card, threads)


def _held_mb(runtime: Runtime) -> float:
    """MiB to keep for a model: what it was measured to take while it has nothing to do, else what its card says.

    Of one that is off-loaded next to nothing is there then; it keeps its place for its next task.
    """
    card = runtime.card
    measured, said = runtime.meter.held_mb if runtime.meter else 0, card.needs_with(card.knobs).accelerator_mb
    waits = card.knobs.get("offload", "none") != "none"
    return float(max(measured, said) if waits else measured or said)
