"""Measures configurations: each model in a fresh process, one setting and condition after the other."""

from __future__ import annotations

import contextlib
import datetime
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from murakkab.profiling.accelerators import accelerator_offers
from murakkab.profiling.clock import AcceleratorCounter, EnergyCounter, PowerMeter
from murakkab.profiling.fit import Fit, fit, largest_within, load_curve, piece_s, rounds, short
from murakkab.profiling.machine import WATTS_PER_CORE, Machine
from murakkab.profiling.messages import Measure, Measured, Sample
from murakkab.profiling.probe import probes_of
from murakkab.profiling.process import Failed, ModelProcess
from murakkab.profiling.store import Record, key_of
from murakkab.profiling.versions import versions_of
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.hardware import CPU
from murakkab_optimizer.planner.settings import go_together, settings
from murakkab_optimizer.profiles.conditions import SPREAD
from murakkab_optimizer.profiles.nouns import LoadPoint, Profile, Provenance
from murakkab_runtimes.base import lighter_here, runtime_class

REPEATS, CAP_S, LOAD_S = 5, 2.5, 0.7
"""Rounds of a configuration; seconds after which no round of it begins; seconds of a point of its load curve."""

QUICK_REPEATS, QUICK_CAP_S = 2, 0.7

MOST_LOADED = 4
"""Instances that work at once at most."""

ANSWER_S, ACCELERATED_S = 300.0, 1800.0
"""Seconds after which a configuration is given up; on an accelerator, where a large model may film for minutes."""


@dataclass(frozen=True)
class Configuration:
    """What is measured at once.

    Attributes:
        card: of the model.
        knobs: settings that are tried.
        probe: index among the probes of the card.
        unit: of its work.
        conditions: of its work.

    """

    card: ModelCard
    knobs: Mapping[str, Any]
    probe: int
    unit: str
    conditions: Mapping[str, Any]

    @property
    def key(self) -> str:
        """That of its profile, see ``store.key_of``."""
        return key_of(Profile(self.card.name, self.unit, 0.0, knobs=dict(self.knobs), conditions=dict(self.conditions)))

    def __str__(self) -> str:
        """For people."""
        named = {**self.knobs, **self.conditions}
        return " ".join([self.card.name, *(f"{name}={value}" for name, value in named.items())])


def configurations(card: ModelCard) -> list[Configuration]:
    """All that is measured of a model: its probes with every combination of settings that a plan may choose.

    Where its usual settings have no room on the accelerator here, it is measured in the lighter ones that have; and
    where a worker has several accelerators, with tasks spread over one, two, four and so on up to all of them.
    """
    tried = [name for name, span in card.ranges.items() if span.choices]
    told = {name for one in card.measured for name in one.knobs if name in card.knobs}
    found = []
    for index, probe in enumerate(probes_of(card)):
        for pinned in _settings_of_loading(card):
            for knobs in settings(card, pinned):
                kept = {name: value for name, value in knobs.items() if name in tried or name in told or name in pinned}
                found.append(Configuration(card, kept, index, probe.unit, dict(probe.conditions)))
    return found


def _settings_of_loading(card: ModelCard) -> Iterator[Mapping[str, Any]]:
    """In which settings a model is loaded to be measured."""
    offers = accelerator_offers(spot=False, region="") if SPREAD in card.knobs else []
    for light in _with_room(card):
        yield light
        spread = ({**light, SPREAD: count} for count in _powers_and(offers[0].together if offers else 1))
        yield from filter(go_together, spread)


def _powers_and(most: int) -> Iterator[int]:
    """Two, four and so on, and ``most``, where that is more than one."""
    count = 2
    while count < most:
        yield count
        count *= 2
    if most > 1:
        yield most


def _with_room(card: ModelCard) -> Sequence[Mapping[str, Any]]:
    """In which settings a model is loaded: its usual ones, where they have room, else the lighter ones that have."""
    offers = accelerator_offers(spot=False, region="") if card.needs.accelerator_mb else []
    room = offers[0].device.memory_mb if offers else 0
    if not room or card.needs.accelerator_mb <= room:
        return [{}]
    return [one.knobs for one in lighter_here(card) if one.needs.accelerator_mb <= room] or [{}]


@dataclass(frozen=True)
class Effort:
    """How long is measured: rounds, the cap of a configuration, and whether several instances work at once, too."""

    repeats: int = REPEATS
    cap_s: float = CAP_S
    loaded: bool = True

    @property
    def usual_s(self) -> float:
        """About what a configuration takes, loading aside: a round to warm up, and one that is not over at the cap."""
        return self.cap_s * 3 + (2 * LOAD_S if self.loaded else 0.0)


QUICK = Effort(QUICK_REPEATS, QUICK_CAP_S, loaded=False)


@dataclass
class Session:
    """A folder in which models are measured; a context manager that removes it.

    Args:
        machine: that is measured.
        effort: how long.

    """

    machine: Machine
    effort: Effort = field(default_factory=Effort)

    def __enter__(self) -> Session:
        """Make the folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="murakkab-profile-"))
        self._power = PowerMeter((EnergyCounter(), AcceleratorCounter()))
        return self

    def __exit__(self, *_: object) -> None:
        """Remove it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def measure(self, card: ModelCard, wanted: Sequence[Configuration]) -> Iterator[tuple[Configuration, Record | str]]:
        """Measure configurations of one model; a text says why one could not be measured.

        Those that are loaded in the same settings are measured in one process.
        """
        versions = versions_of(card)
        for alike in _by_load(card, wanted):
            yield from self._measure(alike, versions)

    def _measure(
        self, alike: Sequence[Configuration], versions: dict[str, str]
    ) -> Iterator[tuple[Configuration, Record | str]]:
        try:
            with contextlib.ExitStack() as stack:
                processes = [stack.enter_context(self._process(alike[0]))]
                load_s = processes[0].loaded()
                for one in alike:
                    if self.effort.loaded:
                        self._add(one, processes, stack)
                    yield one, self._record(one, processes, load_s, versions)
        except Failed as fault:
            for one in alike:
                yield one, str(fault)

    def _process(self, one: Configuration) -> ModelProcess:
        return ModelProcess(one.card.name, self.folder, one.knobs)

    def _add(self, one: Configuration, processes: list[ModelProcess], stack: contextlib.ExitStack) -> None:
        """Load as many instances as may work at once, the first time."""
        if len(processes) > 1:
            return
        for _ in range(max(self._counts(one.card), default=1) - 1):
            processes.append(stack.enter_context(self._process(one)))
            processes[-1].loaded()

    def _counts(self, card: ModelCard) -> list[int]:
        """Numbers of instances beyond one that work at once on the cores and in the memory that there is.

        An instance on an accelerator has it to itself.
        """
        if not card.needs.threads or card.needs.accelerator_mb:
            return []
        room = self.machine.memory_gib * 1024 * 0.5 / max(card.needs.memory_mb, 1)
        most = min(self.machine.cores // card.needs.threads, MOST_LOADED, int(room))
        return [count for count in (2, 4) if count <= most]

    def _record(
        self, one: Configuration, processes: Sequence[ModelProcess], load_s: float, versions: dict[str, str]
    ) -> Record | str:
        began = time.monotonic()
        try:
            measured, watts = self._ask(one, processes[0])
            found = fit(measured.samples)
            loads = self._loads(one, processes, measured.samples, found.unit_s)
        except Failed as fault:
            return str(fault)
        wall, seconds = (sum(values) for values in zip(*((s.wall_s, s.seconds) for s in measured.samples), strict=True))
        return Record(
            profile=self._profile(one, found, measured, loads, watts),
            versions=versions,
            load_s=round(load_s, 4),
            cpu_s=short(found.cpu_s),
            fixed_spread_s=short(found.fixed_spread_s),
            disturbed=round(1 - seconds / wall, 3) if wall else 0.0,
            took_s=round(time.monotonic() - began, 2),
            most=measured.most,
        )

    def _ask(self, one: Configuration, process: ModelProcess) -> tuple[Measured, tuple[float | None, ...]]:
        """The samples, and the watts of processors and accelerators where they are counted."""
        self._power.start()
        process.ask(Measure(one.probe, dict(one.knobs), self.effort.repeats, self.effort.cap_s))
        measured = process.reply(ACCELERATED_S if one.card.needs.accelerator_mb else ANSWER_S)
        assert isinstance(measured, Measured)
        if not measured.samples:
            raise Failed("its probe has no piece of work")
        return measured, self._power.watts()

    def _loads(
        self, one: Configuration, processes: Sequence[ModelProcess], alone: Sequence[Sample], unit_s: float
    ) -> tuple[LoadPoint, ...]:
        """Seconds of a unit with one, two and four instances at work, by the units that they do a second together."""
        counts = [count for count in self._counts(one.card) if count <= len(processes)] if unit_s else []
        if not counts:
            return ()
        piece = largest_within(LOAD_S, alone)
        usual = piece_s(alone, piece)
        return load_curve(
            unit_s, [(count, piece_s(self._together(one, piece, processes[:count]), piece) / usual) for count in counts]
        )

    def _together(self, one: Configuration, piece: int, processes: Sequence[ModelProcess]) -> list[Sample]:
        """Samples of a piece while all these processes work on it."""
        for process in processes:
            process.ask(Measure(one.probe, dict(one.knobs), 1000, LOAD_S, only=piece, warm=False))
        replies = [process.reply(ANSWER_S) for process in processes]
        return [sample for reply in replies if isinstance(reply, Measured) for sample in reply.samples]

    def _profile(
        self,
        one: Configuration,
        found: Fit,
        measured: Measured,
        loads: tuple[LoadPoint, ...],
        watts: tuple[float | None, ...],
    ) -> Profile:
        busy = sum(s.cpu_s for s in measured.samples) / max(sum(s.seconds for s in measured.samples), 1e-9)
        cores, accelerators = watts if one.card.needs.accelerator_mb else (watts[0], 0.0)
        energy: Literal["measured", "estimated"] = "estimated" if None in (cores, accelerators) else "measured"
        estimate = WATTS_PER_CORE * min(busy, self.machine.cores)
        return Profile(
            model=one.card.name,
            unit=one.unit,
            unit_s=short(found.unit_s),
            device=_device(one.card),
            devices=one.knobs.get(SPREAD, 1) if one.card.needs.accelerator_mb else one.card.needs.threads,
            knobs=dict(one.knobs),
            conditions=dict(one.conditions),
            fixed_s=short(found.fixed_s),
            first_s=None if found.first_s is None else short(found.first_s),
            spread_s=short(found.spread_s),
            power_w=round((estimate if cores is None else cores) + (accelerators or 0.0), 2),
            energy=energy,
            memory_mb=round(measured.peak_mb),
            load=loads,
            provenance=Provenance(
                "measured",
                "murakkab profile",
                str(self.machine),
                datetime.date.today().isoformat(),
                rounds(measured.samples),
            ),
        )


def _device(card: ModelCard) -> str:
    """Type of the device that a model is measured on: the first accelerator, if it needs one."""
    offers = accelerator_offers(spot=False, region="") if card.needs.accelerator_mb else []
    return offers[0].device.name if offers else CPU


def why_not(card: ModelCard) -> str:
    """Why a model that can be used is not measured; empty where it is."""
    return "" if probes_of(card) else "no probe: not measured"


def _by_load(card: ModelCard, wanted: Iterable[Configuration]) -> Iterable[Sequence[Configuration]]:
    """Configurations in groups of those for which a model is loaded alike."""
    kind, groups = runtime_class(card.adapter), defaultdict[str, list[Configuration]](list)
    for one in wanted:
        groups[repr([one.knobs.get(name, card.knobs.get(name)) for name in kind.loaded_with])].append(one)
    return groups.values()
