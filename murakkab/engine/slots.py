"""The slots of a cluster as one engine sees them: which live, which it may use, which it should give back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from murakkab_runtimes.workers.cluster import wire

LOST_S = 6.0
"""A slot whose announcements stopped for this long, while the broker answered, is lost."""

FRESH_S = 3.0
"""A slot that is met for the first time lives when it announced itself within this time."""


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

    ``refused`` says why others cannot be used, ``dead`` names processes that ended.
    """

    version: str
    digest: str
    known: dict[str, Seen] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)

    def announced(self, slot: wire.Slot, state: wire.State | None, age_s: float, now: float) -> None:
        """Take in what was read of a slot; ``age_s`` is the age of its announcement."""
        if reason := wire.misfit(slot, self.version, self.digest):
            self.refused[slot.name] = f"{slot.name} on {slot.machine}: {reason}"
            return
        self.refused.pop(slot.name, None)
        if state is not None and state.child in self.dead:
            state = None
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

    def ended(self, name: str) -> None:
        """The process of a slot is gone; the slot is usable again when it has another one."""
        seen = self.known[name]
        if seen.state is not None:
            self.dead.add(seen.state.child)
            seen.state = None

    def lives(self, name: str, now: float) -> bool:
        """Whether a slot was heard of lately."""
        seen = self.known.get(name)
        return seen is not None and now - seen.heard <= LOST_S

    def forgive(self, now: float) -> None:
        """After the broker was away, nothing is known of anybody: all have time to announce themselves again."""
        for seen in self.known.values():
            seen.heard = now

    def usable(self, now: float) -> list[str]:
        """Those that live, have a process and take tasks; those that bring threads come first."""
        fit = [
            seen.slot
            for name, seen in self.known.items()
            if self.lives(name, now) and seen.state is not None and not seen.slot.draining
        ]
        return [slot.name for slot in sorted(fit, key=lambda slot: (slot.cores == 0, slot.name))]

    def claims(self, usable: list[str], owned: Collection[str], share: int | None) -> list[str]:
        """Those to own next: the ones owned already, and more up to a share; spare slots only where cores are owned."""
        asked = [name for name in usable if name in owned]
        room = len(usable) if share is None else max(share - len(asked), 0)
        machines = {self.known[name].slot.machine for name in asked}
        for name in (name for name in usable if name not in owned):
            slot = self.known[name].slot
            if room and (slot.cores or slot.machine in machines):
                machines.add(slot.machine)
                asked.append(name)
                room -= 1
        return asked

    def surplus(self, owned: Iterable[str], share: int | None) -> list[str]:
        """Owned slots above the share: the spare ones first, then those that hold the fewest models."""
        mine = [self.known[name] for name in owned]
        over = 0 if share is None else max(len(mine) - share, 0)
        mine.sort(key=lambda s: (s.slot.cores > 0, len(s.state.models) if s.state else 0, s.slot.name))
        return [seen.slot.name for seen in mine[:over]]
