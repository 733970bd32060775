"""The slots of a cluster as one engine sees them: which live, which it may use, which it should give back."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from murakkab.engine.endings import Endings
from murakkab_runtimes.workers.binding import Accelerator
from murakkab_runtimes.workers.cluster import wire

LOST_S = 6.0
"""A slot whose announcements stopped for this long, while the broker answered, is lost."""

FRESH_S = 3.0
"""A slot that is met for the first time lives when it announced itself within this time."""

_THREADS, _SPARE = "threads", "spare"
"""Kinds of slots on processors: those that bring threads, and those that bring none."""


@dataclass
class Seen:
    """What is known of a slot.

    Attributes:
        slot: its last announcement.
        heard: when it came, in the clock of the engine.
        state: what its process says, None before it is up.
        joined: process that the scheduler knows; empty for none.
        leaving: the slot takes no more tasks of this engine.

    """

    slot: wire.Slot
    heard: float
    state: wire.State | None = None
    joined: str = ""
    leaving: bool = False


@dataclass
class Slots:
    """All slots that were announced, by name.

    ``refused`` says why others cannot be used.
    """

    version: str
    digest: str
    known: dict[str, Seen] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    _endings: Endings = field(default_factory=Endings)
    _over: Counter[str] = field(default_factory=Counter)

    def announced(self, slot: wire.Slot, state: wire.State | None, age_s: float, now: float) -> None:
        """Take in what was read of a slot; ``age_s`` is the age of its announcement."""
        self.refused.pop(slot.name, None)
        if reason := wire.misfit(slot, self.version, self.digest):
            if age_s <= LOST_S:
                self.refused[slot.name] = f"{slot.name} on {slot.machine}: {reason}"
            return
        if state is not None:
            state = self._endings.present(slot, state, now)
        seen = self.known.get(slot.name)
        if seen is None:
            if age_s <= FRESH_S:
                self.known[slot.name] = Seen(slot, now, state)
            return
        if seen.slot.beat != slot.beat:
            seen.heard = now
        seen.slot = slot
        if state is not None:
            seen.state = state

    def read(self, told: Collection[tuple[wire.Slot, wire.State | None, float]], now: float) -> None:
        """Take in what was read of all slots; forget those of which nobody tells, unless the scheduler knows them."""
        self.refused.clear()
        for slot, state, age_s in told:
            self.announced(slot, state, age_s, now)
        listed = {slot.name for slot, _, _ in told}
        self.known = {name: seen for name, seen in self.known.items() if seen.joined or name in listed}

    def ended(self, name: str, child: str, lease: str, now: float) -> None:
        """A process of a slot is gone, which was at an attempt; the slot is of use again when it has another one.

        Or when the process lives: word of its end may get lost.
        """
        self._endings.add(child, lease, now)
        self._unknown(name, child)

    def given_up(self, name: str, child: str, lease: str, now: float) -> None:
        """An attempt is given up that a process may be at; the slot is of use again when it is not."""
        self._endings.give_up(child, lease, now)
        self._unknown(name, child)

    def _unknown(self, name: str, child: str) -> None:
        seen = self.known[name]
        if seen.state is not None and seen.state.child == child:
            seen.state = None

    def children(self, now: float) -> set[str]:
        """Processes that are known or may come back."""
        known = {seen.joined or (seen.state.child if seen.state else "") for seen in self.known.values()}
        return known | self._endings.children(now)

    def take_deaf(self) -> list[wire.Slot]:
        """Slots whose process is to be ended again."""
        return self._endings.take_deaf()

    def joined(self, name: str) -> Seen | None:
        """What is known of a slot that the scheduler knows; None for others."""
        seen = self.known.get(name)
        return seen if seen is not None and seen.joined else None

    def lives(self, name: str, now: float) -> bool:
        """Whether a slot was heard of lately."""
        seen = self.known.get(name)
        return seen is not None and now - seen.heard <= LOST_S

    def any_starts(self, now: float) -> bool:
        """Whether a slot lives whose process is not up yet."""
        return any(seen.state is None and self.lives(name, now) for name, seen in self.known.items())

    def forgive(self, now: float) -> None:
        """After the broker was away, nothing is known of anybody: all have time to announce themselves again."""
        for seen in self.known.values():
            seen.heard = now

    def usable(self, now: float) -> list[str]:
        """Those that live, have a process and take tasks; those that bring threads come first."""
        fit = [
            seen.slot
            for name, seen in self.known.items()
            if self.lives(name, now)
            and seen.state is not None
            and not seen.state.full
            and not seen.slot.draining
            and name not in self.refused
        ]
        return [slot.name for slot in sorted(fit, key=lambda slot: (slot.cores == 0, slot.name))]

    def full(self, now: float) -> list[str]:
        """Machines with slots that live and have no room to write."""
        seen = [seen for name, seen in self.known.items() if self.lives(name, now)]
        return sorted({one.slot.machine for one in seen if one.state is not None and one.state.full})

    def all_taken(self, taken: Collection[str], now: float) -> bool:
        """Whether there are usable slots, and other engines own all that this one could begin with."""
        first = [name for name in self.usable(now) if self._kind(name) == _THREADS]
        return bool(first) and all(name in taken for name in first)

    def machines(self, model: str, taken: Collection[str], now: float) -> set[str]:
        """Those with a usable slot that brings threads or an accelerator, can use a model, and is no other engine's."""
        slots = [self.known[name].slot for name in self.usable(now) if name not in taken and self._kind(name) != _SPARE]
        return {slot.machine for slot in slots if model in slot.models}

    def models(self, now: float, taken: Collection[str] = ()) -> frozenset[str]:
        """Names of the models that usable slots can use, those that others took apart."""
        return frozenset().union(*(self.known[name].slot.models for name in self.usable(now) if name not in taken))

    def accelerators(self, now: float, taken: Collection[str] = ()) -> tuple[Accelerator, ...]:
        """Those of the same slots; one that two workers announce counts once, as the first of them has it."""
        found: dict[str, Accelerator] = {}
        for name in self.usable(now):
            one = self.known[name].slot.accelerator
            if one is not None and name not in taken and found.keys().isdisjoint(one.uuids):
                found.update(dict.fromkeys(one.uuids, one))
        return tuple({one.uuid: one for one in found.values()}.values())

    def packages(self, now: float, taken: Collection[str] = ()) -> frozenset[str]:
        """Those for lighter settings that all of the same slots with an accelerator have: any may be given a task."""
        slots = [self.known[name].slot for name in self.usable(now) if name not in taken]
        told = [frozenset(slot.packages) for slot in slots if slot.accelerator is not None]
        return frozenset.intersection(*told) if told else frozenset()

    def pace(self, now: float, taken: Collection[str] = ()) -> dict[str, float]:
        """By class of work, how much slower the cores of the same slots are on average; empty where none tells."""
        slots = [self.known[name].slot for name in self.usable(now) if name not in taken]
        told = [slot.pace for slot in slots if slot.cores and min(slot.pace.values(), default=0.0) > 0.0]
        return {
            name: round(len(factors) / sum(1 / factor for factor in factors), 3)
            for name in sorted(set[str]().union(*told))
            if (factors := [pace[name] for pace in told if name in pace])
        }

    def claims(self, usable: Collection[str], owned: Collection[str], taken: Collection[str], part: float) -> list[str]:
        """The slots to own next: those owned already, and free ones up to a part of the fleet.

        Of the free ones, those go first whose machine can use what no slot before could.

        Args:
            usable: those that may be owned, in order of preference.
            owned: those that are.
            taken: those that other engines own.
            part: of the slots of each kind; those that bring no threads only where threads are owned.
        """
        asked = [name for name in usable if name in owned]
        machines = {self.known[name].slot.machine for name in asked}
        for kind in dict.fromkeys(map(self._kind, usable)):
            same = [name for name in usable if self._kind(name) == kind]
            room = self.kept(same, kind, part) - sum(name in owned for name in same)
            free = [name for name in same if name not in owned and name not in taken]
            new = [name for name in free if kind == _THREADS or self.known[name].slot.machine in machines]
            new = self._varied(new, asked)
            asked += new[: max(room, 0)]
            machines |= {self.known[name].slot.machine for name in new[: max(room, 0)]}
        return asked

    def _varied(self, names: list[str], owned: Iterable[str]) -> list[str]:
        """In an order in which what can be used grows as fast as it comes."""
        covered = set().union(*(self.known[name].slot.models for name in owned))
        first: list[str] = []
        rest: list[str] = []
        for name in names:
            (rest if covered.issuperset(self.known[name].slot.models) else first).append(name)
            covered.update(self.known[name].slot.models)
        return first + rest

    def surplus(self, usable: Collection[str], owned: Iterable[str], part: float) -> dict[str, list[str]]:
        """By their kind: the owned slots, those with the fewest models first, and only where too many.

        The first to be idle go, until ``kept`` are left.
        """
        mine = sorted(owned, key=lambda name: (len(self._models(name)), name))
        kinds: defaultdict[str, list[str]] = defaultdict(list)
        for name in mine:
            kinds[self._kind(name)].append(name)
        return {kind: names for kind, names in kinds.items() if len(names) > self.kept(usable, kind, part)}

    def give_back(
        self, usable: Collection[str], owned: Collection[str], part: float, is_busy: Callable[[str], bool]
    ) -> list[str]:
        """Names of idle slots to let go of; for those that are too many beside them, see ``rested``.

        Args:
            usable: slots that may be owned.
            owned: slots that are, and stay.
            part: of the fleet that the engine may have.
            is_busy: whether a slot has something to do.
        """
        self._over.clear()
        going: list[str] = []
        for kind, names in self.surplus(usable, owned, part).items():
            over = len(names) - self.kept(usable, kind, part)
            idle = [name for name in names if not is_busy(name)][:over]
            self._over[kind] = over - len(idle)
            going += idle
        return going

    def rested(self, name: str) -> None:
        """A slot has become idle; it leaves when others need one of its kind."""
        kind = self._kind(name)
        if self._over[kind] > 0:
            self._over[kind] -= 1
            self.known[name].leaving = True

    def kept(self, usable: Collection[str], kind: str, part: float) -> int:
        """How many slots of a kind are a part of those that are usable."""
        return _share(sum(self._kind(name) == kind for name in usable), part)

    def _kind(self, name: str) -> str:
        """Slots of one kind may stand for each other: those of one type of accelerator, those that bring threads."""
        slot = self.known[name].slot
        if slot.accelerator is not None:
            return slot.device
        return _THREADS if slot.cores else _SPARE

    def _models(self, name: str) -> tuple[str, ...]:
        state = self.known[name].state
        return state.models if state is not None else ()


def _share(many: int, part: float) -> int:
    return math.ceil(many * part - 1e-9)
