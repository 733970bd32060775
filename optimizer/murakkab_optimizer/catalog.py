"""The nouns of the catalogue: what a model can do, what it needs and how well it was measured to do it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Needs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Resources of one loaded instance.

    Attributes:
        threads: of a processor, while it runs.
        memory_mb: MiB of memory while it is held.
        accelerator_mb: MiB of accelerator memory, all its devices together, while it is held; 0 for a model that runs
            on processors.

    """

    threads: int = 1
    memory_mb: int = 100
    accelerator_mb: int = 0


class Quality(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure of merit in 0..1 within its capability, and where it comes from.

    ``knobs`` names the settings that it holds for; empty: all that no other rating of the card names.
    """

    value: float
    source: str
    knobs: dict[str, Any] = {}


class Repository(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place of weights.

    Attributes:
        repo: ``owner/name`` at Hugging Face, or, with a ``url``, where that is published.
        revision: branch, tag or commit.
        gated: True where its licence must be accepted there first.

    """

    repo: str
    revision: str = "main"
    gated: bool = False


class Component(Repository, frozen=True, forbid_unknown_fields=True):
    """A component of a pipeline that another repository holds.

    Attributes:
        folder: in that repository; empty for all of it.

    """

    folder: str = ""


class Weights(Repository, frozen=True, forbid_unknown_fields=True):
    """Weights that a person gets from a hub.

    Attributes:
        url: of the one file that the weights are, where they are not at Hugging Face.
        components: those of a pipeline that come from elsewhere, by name; what ``repo`` has of that name is not used.
        without: components of a pipeline whose weights are not used, since the model runs a part of it.

    """

    url: str = ""
    components: dict[str, Component] = {}
    without: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Name of the one file at ``url``; empty without one."""
        return self.url.rpartition("/")[2]


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values that a knob may take.

    Attributes:
        choices: the values that the planner tries and ``murakkab profile`` measures.
        minimum: of a number that a person may set.
        maximum: of a number that a person may set.

    """

    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


class Lighter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings with which a model takes less memory of its accelerator than with its usual ones.

    Attributes:
        knobs: the settings.
        needs: of an instance with them.
        slower: times as long as with the usual settings that a task takes, where nobody measured it.
        more_s: seconds that it takes beyond that.
        packages: import names that they need beyond those of the card.
        source: where this is known from.

    """

    knobs: dict[str, Any]
    needs: Needs
    source: str
    slower: float = 1.0
    more_s: float = 0.0
    packages: tuple[str, ...] = ()


class Measurement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measured speed: seconds of work for one ``unit`` (for example a second of speech, a frame).

    ``spread_s`` is the distance between the quartiles over ``samples`` repeats on ``device`` at ``date``.
    """

    unit: str
    seconds: float
    spread_s: float
    samples: int
    device: str
    date: str
    knobs: dict[str, Any] = {}
    load_s: float = 0.0


class ModelCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of the catalogue (``kind: Model``).

    Attributes:
        name: unique in the catalogue.
        capability: what it does (Hugging Face task name where one exists).
        adapter: name in the ``murakkab.runtimes`` entry-point group.
        description: one sentence, for people.
        licence: SPDX identifier of code and weights together.
        source: where the weights come from (package and version, or repository).
        packages: import names it needs; absent ones make it unavailable.
        extra: the ``murakkab[...]`` extra that installs them, or ``packaged`` for ``murakkab doctor --install``.
        programs: executables it needs on PATH.
        knobs: configurable settings and their default values.
        ranges: by knob, the values that it may take; a knob without one stays as it is unless a person sets it.
        needs: resources.
        lighter: settings that planners try on accelerators whose memory the usual ones have no room in.
        quality: rank inside the capability, with its source.
        rated: ratings of single settings of the knobs.
        weights: where they come from, if from a hub; a model whose weights are not on the machine is not used.
        weights_mb: MiB of the weights on disk; 0 where there are none.
        load_s: seconds until a new instance can take its first task; 0 where nobody measured it.
        measured: measured speeds.
        options: constants for the adapter (voices, file names).
        drawn: True where the output is drawn by a program and not generated by a model.
        seeded: False where equal inputs give equal outputs whatever the seed, so that results may be kept across seeds.
        passes: True for a model that hands on what it is given: it can be used only where that is the wanted picture.
        still: settings with which nothing moves in its pictures: a last resort of the scheduler. Empty: there are none.

    """

    name: str
    capability: str
    adapter: str
    description: str
    licence: str
    source: str
    packages: tuple[str, ...] = ()
    extra: str | None = None
    programs: tuple[str, ...] = ()
    knobs: dict[str, Any] = {}
    ranges: dict[str, Range] = {}
    needs: Needs = Needs()
    lighter: tuple[Lighter, ...] = ()
    quality: Quality = Quality(0.5, "not rated")
    rated: tuple[Quality, ...] = ()
    weights: Weights | None = None
    weights_mb: float = 0.0
    load_s: float = 0.0
    measured: tuple[Measurement, ...] = ()
    options: dict[str, Any] = {}
    drawn: bool = False
    seeded: bool = True
    passes: bool = False
    still: dict[str, Any] = {}

    def lighter_with(self, knobs: Mapping[str, Any]) -> Lighter | None:
        """The lighter settings that these are, of several that with the most settings; None where they are none."""
        found = [one for one in self.lighter if all(knobs.get(name) == value for name, value in one.knobs.items())]
        return max(found, key=lambda one: len(one.knobs), default=None)

    def needs_with(self, knobs: Mapping[str, Any]) -> Needs:
        """What an instance with these settings needs."""
        found = self.lighter_with(knobs)
        return found.needs if found else self.needs

    def quality_with(self, knobs: Mapping[str, Any]) -> Quality:
        """The rating of these settings: the first one whose own settings are among them, else that of the model."""
        for rating in self.rated:
            if all(knobs.get(name) == value for name, value in rating.knobs.items()):
                return rating
        return self.quality


class Yields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many items a task that streams emits, for plans; one of the two.

    Attributes:
        items: of one task.
        every_s: seconds of the show for one item.

    """

    items: int = 0
    every_s: float = 0.0


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A variant of a capability, chosen by the argument ``form``.

    What is None (for texts: empty) is as the capability has it, but for ``emits``: a form emits what it says.
    """

    takes: dict[str, Any] | None = None
    returns: Any = None
    emits: Any = None
    yields: Yields | None = None
    description: str = ""
    examples: tuple[str, ...] = ()


class Capability(msgspec.Struct, frozen=True, forbid_unknown_fields=True, eq=False):
    """What a model can be asked to do (``kind: Capability``), whichever model does it; compared by identity.

    Types are in the notation of ``murakkab.language.kinds``; None stands for ``any``: nothing is known.

    Attributes:
        name: Hugging Face task name where one exists.
        description: one sentence, for people.
        examples: how a newcomer would ask for it; plain words are matched against them.
        takes: type of each argument; a name that ends in ``?`` may be left out or null.
        returns: type of the value of a task.
        emits: type of an item; None where it cannot stream.
        yields: how many items a task emits; None where nobody says.
        forms: its variants by name; without the argument ``form`` the signature above holds.
        types: by name, those that the signature may use: its own ones and those of the catalogue (``kind: Types``).

    """

    name: str
    description: str = ""
    examples: tuple[str, ...] = ()
    takes: dict[str, Any] | None = None
    returns: Any = None
    emits: Any = None
    yields: Yields | None = None
    forms: dict[str, Form] = {}
    types: dict[str, Any] = {}
