"""The slots that an engine holds: who is at what there, and which of them it loses or lets go of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence

from murakkab.engine.broker import Broker
from murakkab.engine.fleet import OnLost, OnReply
from murakkab.engine.hearing import UNHEARD, Deaths
from murakkab.engine.inbox import Inbox
from murakkab.engine.post import Post
from murakkab.engine.slots import Slots
from murakkab.engine.watched import WatchedFleet
from murakkab_optimizer.scheduler.events import TaskFailed
from murakkab_runtimes.workers.binding import Accelerator
from murakkab_runtimes.workers.messages import Load, Ready


class SlotFleet(WatchedFleet):
    """Slots that were announced, of which the scheduler knows those that the engine owns.

    Args:
        slots: all that were announced.
        broker: to give slots back over.
        post: what slots were sent.
        on_reply, on_lost: as for ``Fleet``.

    """

    def __init__(self, slots: Slots, broker: Broker, post: Post, on_reply: OnReply, on_lost: OnLost) -> None:
        super().__init__()
        self._slots, self._broker, self._post = slots, broker, post
        self._on_reply, self._on_lost = on_reply, on_lost
        self._deaths, self._unheard = Deaths(), Deaths(UNHEARD)
        self._taken: Collection[str] = ()
        self._inbox: Inbox | None = None
        self._going: set[str] = set()
        self._up = asyncio.Event()

    def models(self) -> frozenset[str]:
        """Names of the models that can be used at slots that this engine has or may take; while it has none, at any."""
        return self._slots.models(time.monotonic(), self._taken if self._owned() else ())

    def accelerators(self) -> Sequence[Accelerator]:
        """Those of the same slots."""
        return self._slots.accelerators(time.monotonic(), self._taken if self._owned() else ())

    def pace(self) -> Mapping[str, float]:
        """That of the same slots."""
        return self._slots.pace(time.monotonic(), self._taken if self._owned() else ())

    def packages(self) -> frozenset[str]:
        """Those of the same slots."""
        return self._slots.packages(time.monotonic(), self._taken if self._owned() else ())

    def load(self, worker: str, request: Load) -> None:
        """Ask for a model to be loaded, of a slot that stays."""
        if self._takes(worker):
            super().load(worker, request)

    def _takes(self, worker: str) -> bool:
        """Whether a slot can be given something; one that leaves is let go of at once."""
        seen = self._slots.joined(worker)
        if seen is None or seen.leaving:
            asyncio.get_running_loop().call_soon(self._drop, worker, "it leaves")
            return False
        return True

    def pids(self) -> dict[str, int]:
        """Process ids by slot, on its machine."""
        states = {name: self._slots.known[name].state for name in self._owned()}
        return {name: state.pid for name, state in states.items() if state is not None}

    def _join(self, name: str) -> None:
        """Tell the scheduler of a slot."""
        seen = self._slots.known[name]
        if (state := seen.state) is None:
            return
        seen.joined, seen.leaving = state.child, False
        self._up.set()
        slot = seen.slot
        room_mb = slot.memory_mb if slot.accelerator is not None else 0
        self._on_reply(name, Ready(state.pid, slot.machine, slot.cores, slot.models, state.models, room_mb))

    def _give_back(self, usable: list[str], part: float) -> None:
        """Let go of what is above a part of the fleet: idle slots at once, others when they are idle."""
        staying = [name for name in self._owned() if not self._slots.known[name].leaving]
        for name in self._slots.give_back(usable, staying, part, self._is_busy):
            self._retire(name)

    def _check(self, name: str, now: float) -> None:
        """Tell a slot that is of another version now, is silent, began anew, leaves, or never got its task.

        What it said counts first.
        """
        seen = self._slots.known[name]
        if self._inbox is not None and name in self._inbox:
            return
        if (reason := self._slots.refused.get(name)) is not None:
            self._drop(name, reason)
        elif not self._slots.lives(name, now):
            self._ended(name, f"nothing was heard of it on {seen.slot.machine}", self._unheard)
        elif seen.state is not None and seen.state.child != seen.joined:
            self._ended(name, "its process ended", self._deaths)
        elif self._post.is_overdue(seen, now):
            self._drop(name, "it did not get its task")
        elif seen.slot.draining:
            self._retire(name)

    def _retire(self, name: str) -> None:
        """Take no more tasks to a slot; it goes when it is idle."""
        self._slots.known[name].leaving = True
        if not self._is_busy(name):
            self._drop(name, "it leaves")

    def _ended(self, name: str, reason: str, deaths: Deaths) -> None:
        """A slot is gone; a task at which too many of such ``deaths`` were is given up."""
        blame = self._to_blame(name)
        lease = self._busy.get(name, "") if blame else ""
        told = deaths.count(lease, f"{name}: {reason}") if lease else ""
        failed = TaskFailed(lease, told, retry=False) if told else None
        self._drop(name, reason, failed, blame=blame and deaths is self._deaths)

    def _drop(self, name: str, reason: str, failed: TaskFailed | None = None, *, blame: bool = False) -> None:
        """The scheduler can use a slot no more; ``failed`` is what became of the task in its hands.

        The slot is to leave that task, and is not taken again before the broker knows.
        """
        if (seen := self._slots.joined(name)) is None:
            return
        lease, child = self._busy.get(name, ""), seen.joined
        seen.joined, seen.leaving = "", False
        self._post.answered(name)
        self._rest(name)
        if lease:
            self._post.do(self._broker.cancel, lease)
            self._slots.given_up(name, child, lease, time.monotonic())
        self._going.add(name)
        self._post.do(self._broker.release, name, child).add_done_callback(lambda _: self._going.discard(name))
        if failed is not None:
            self._on_reply(name, failed)
        self._on_lost(name, reason, blame)

    def _is_busy(self, name: str) -> bool:
        """Whether a slot has something to do, or has not answered yet."""
        return name in self._busy or name in self._post

    def _owned(self) -> list[str]:
        return [name for name, seen in self._slots.known.items() if seen.joined]
