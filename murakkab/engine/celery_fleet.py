"""The workers of an engine on other machines: Celery takes tasks there, a Redis stream brings the answers.

An engine owns the slots that it uses, and hands a slot one thing at a time, so a task is released only when it is to
be done at once, by the slot that holds its model. What is lost on the way, by a slot or by the broker, becomes
``on_lost``, and the scheduler tries again: leases make sure that no attempt counts twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence

from murakkab.engine.bare import Bare
from murakkab.engine.broker import Broker, Look
from murakkab.engine.first_slot import first_slot
from murakkab.engine.fleet import OnBarren, OnLost, OnReply, WatchedFleet
from murakkab.engine.hearing import Deaths, Hearing, Recent
from murakkab.engine.post import Post
from murakkab.engine.shared import SharedStore
from murakkab.engine.slots import Slots
from murakkab_optimizer.scheduler.events import ModelLoaded, TaskFailed, TaskFinished
from murakkab_runtimes.workers.binding import Accelerator
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Cancel, Load, Ready, Reply, Request, Run

POLL_S = 0.5
"""Time between two looks at the slots."""

WAIT_S = 20.0
"""An engine that starts waits this long for a first slot where nobody starts any."""


class CeleryFleet(WatchedFleet):
    """Slots of a cluster.

    Args:
        url: of the Redis.
        store: URL of a store for artifacts; empty where the machines share the folder of the runs.
        wanted: whether there is something to do; an engine that has nothing leaves its slots to others.
        waiting: how much waits, by kind of worker.
        on_reply, on_lost, on_barren: as for ``Fleet``.

    """

    def __init__(
        self,
        url: str,
        store: str,
        wanted: Callable[[], bool],
        waiting: Callable[[], list[wire.Waiting]],
        on_reply: OnReply,
        on_lost: OnLost,
        on_barren: OnBarren,
    ) -> None:
        super().__init__()
        self.id = secrets.token_hex(6)
        self._broker = Broker(url, self.id)
        self._shared = SharedStore(store, self.id) if store else None
        self._post = Post(self.id, self._broker, self._shared)
        self._hearing, self._cancelled, self._deaths = Hearing(), Recent(), Deaths()
        self._has_work, self._waiting = wanted, waiting
        self._on_reply, self._on_lost, self._on_barren = on_reply, on_lost, on_barren
        self._slots = Slots(wire.this_version(), wire.catalogue_digest())
        self._taken: set[str] = set()
        self._jobs: list[asyncio.Task[None]] = []
        self._up = asyncio.Event()
        self._bare = Bare(self._broker.shown, self._slots)
        self._away = self._stopping = False

    async def start(self) -> None:
        """Reach the broker and take the slots that there are.

        Raises:
            UserError: the broker cannot be reached, or no slot of it can be used.
        """
        await self._broker.reach()
        if self._shared is not None:
            await self._shared.reach()
        self._jobs = [asyncio.create_task(self._repeat(step)) for step in (self._listen, self._look)]
        if not await first_slot(self._up, self._broker, self._slots, WAIT_S):
            await self.stop()
            raise self._bare.why()

    async def stop(self) -> None:
        """Give all slots back."""
        self._stopping = True
        self._unwatch()
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await asyncio.to_thread(self._post.close)
        with contextlib.suppress(Exception):
            await self._broker.leave(self._owned())
        await self._broker.close()

    def models(self) -> frozenset[str]:
        """Names of the models that can be used at slots that this engine has or may take; while it has none, at any."""
        return self._slots.models(time.monotonic(), self._taken if self._owned() else ())

    def accelerators(self) -> Sequence[Accelerator]:
        """Those of the same slots."""
        return self._slots.accelerators(time.monotonic(), self._taken if self._owned() else ())

    def pids(self) -> dict[str, int]:
        """Process ids by slot, on its machine."""
        return {name: state.pid for name in self._owned() if (state := self._slots.known[name].state) is not None}

    def run(self, worker: str, request: Run, timeout_s: float = 0.0) -> None:
        """Hand a task over; a slot that leaves has it given back at once."""
        seen = self._slots.joined(worker)
        if seen is None or seen.leaving:
            asyncio.get_running_loop().call_soon(self._drop, worker, "it leaves", False)
            return
        super().run(worker, self._post.addressed(request), timeout_s)

    def send(self, worker: str, request: Request) -> None:
        """Pass a request on; one to a slot that is gone is dropped."""
        if (seen := self._slots.joined(worker)) is None:
            return
        if isinstance(request, Cancel):
            self._cancelled.add(request.lease)
            if self._post.withdraw(worker, request.lease):
                told = TaskFailed(request.lease, "cancelled", retry=False)
                asyncio.get_running_loop().call_soon(self._told, worker, told)
            else:
                self._post.do(self._broker.cancel, request.lease)
        elif isinstance(request, Run | Load):
            self._post.send(seen.slot, request, seen.joined)

    def ended(self, run: str) -> None:
        """A run is over: forget its artifacts, and at which of its tasks processes ended."""
        self._deaths.forget_run(run)
        self._post.forget(run)

    def _kill(self, worker: str, reason: str) -> None:
        """End the process of a slot; the slot starts another one."""
        if (seen := self._slots.joined(worker)) is not None:
            self._post.do(self._broker.terminate, seen.slot)
            self._drop(worker, reason, self._to_blame(worker))
            self._slots.ended(worker)

    async def _repeat(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do a step again and again; a fault that nothing foresaw fails the runs in hand and no later ones."""
        while not self._stopping:
            try:
                await step()
            except Exception as fault:
                self._bare.fault = fault
                self._on_barren(fault)
                await asyncio.sleep(POLL_S)

    async def _listen(self) -> None:
        """Take in what the slots say; what they are sent in answer goes with the next look."""
        letters = self._post.take()
        try:
            heard = await self._broker.replies(letters)
        except OSError:
            self._post.lose(letters)
            await asyncio.sleep(POLL_S)
            return
        if self._shared is not None and (reason := await self._shared.take([said.reply for said in heard])):
            self._on_barren(reason)
        with self._post.gathering():
            for said in heard:
                self._take(said)

    def _take(self, said: wire.Said) -> None:
        if isinstance(said.reply, wire.Refused):
            self._post.refused(said.slot, said.reply.lease)
            return
        if isinstance(said.reply, wire.Died):
            if self._busy.get(said.slot) == said.reply.lease:
                self._drop(said.slot, said.reply.reason, self._to_blame(said.slot))
                self._slots.ended(said.slot)
            return
        if not self._hearing.is_new(said):
            return
        missed = self._hearing.missed_some(said, lease := getattr(said.reply, "lease", ""))
        seen = self._slots.joined(said.slot)
        if seen is None or seen.joined != said.child:
            return
        if isinstance(said.reply, wire.Returned):
            self._drop(said.slot, said.reply.reason, False)
        elif missed and self._busy.get(said.slot) == lease:
            self.send(said.slot, Cancel(lease))
            self._drop(said.slot, "the broker lost what it said", False)
        else:
            self._told(said.slot, said.reply)

    def _told(self, name: str, reply: Reply) -> None:
        """A reply of a slot that is ours."""
        lease = getattr(reply, "lease", "")
        if isinstance(reply, TaskFailed) and reply.error == "cancelled" and lease not in self._cancelled:
            self._drop(name, "another engine took it", False)
            return
        self._alive(name, reply)
        if isinstance(reply, TaskFinished | TaskFailed | ModelLoaded):
            self._post.answered(name)
            self._cancelled.discard(lease)
            self._slots.rested(name)
        if isinstance(reply, TaskFinished):
            self._deaths.forget(lease)
        self._on_reply(name, reply)
        if self._slots.known[name].leaving and not self._is_busy(name):
            self._drop(name, "it leaves", False)

    async def _look(self) -> None:
        """Follow who comes and goes."""
        try:
            read = await self._broker.read()
            now = time.monotonic()
            self._slots.read(read.slots, now)
            if self._away:
                self._slots.forgive(now)
            self._away = False
            await self._settle(now, read)
        except OSError:
            self._away = True
        await asyncio.sleep(POLL_S)

    async def _settle(self, now: float, read: Look) -> None:
        """Lose what is gone, own what is free, give back what others need."""
        usable = self._slots.usable(now)
        for name in self._owned():
            self._check(name, now)
        part = 1.0 if not read.others else 1 / (read.others + 1) if self._wanted() else 0.0
        self._give_back(usable, part)
        owned = [name for name in self._owned() if not self._slots.known[name].leaving]
        self._taken = read.taken
        claims = self._slots.claims(usable, owned, read.taken, part)
        mine = await self._broker.own([*claims, *(name for name in self._owned() if name not in claims)])
        await self._broker.wanted(self._wanted(), self._waiting())
        for name in set(self._owned()) - mine:
            self._drop(name, "another engine took it", False)
        for name in claims:
            if name in mine and not self._slots.known[name].joined:
                self._join(name)
        stuck = self._shared.stuck(now) if self._shared is not None else ""
        if reason := stuck or self._bare.too_long(not self._owned() and self._wanted(), now):
            self._on_barren(reason)

    def _give_back(self, usable: list[str], part: float) -> None:
        """Let go of what is above a part of the fleet: idle slots at once, others when they are idle."""
        staying = [name for name in self._owned() if not self._slots.known[name].leaving]
        for name in self._slots.give_back(usable, staying, part, self._is_busy):
            self._retire(name)

    def _check(self, name: str, now: float) -> None:
        """Tell a slot that is silent, that began anew, that leaves, or that never got its task."""
        seen = self._slots.known[name]
        if not self._slots.lives(name, now):
            self._drop(name, f"nothing was heard of it on {seen.slot.machine}", self._to_blame(name))
        elif seen.state is not None and seen.state.child != seen.joined:
            self._drop(name, "its process ended", self._to_blame(name))
        elif self._post.is_overdue(seen, now):
            self._drop(name, "it did not get its task", False)
        elif seen.slot.draining:
            self._retire(name)

    def _retire(self, name: str) -> None:
        """Take no more tasks to a slot; it goes when it is idle."""
        self._slots.known[name].leaving = True
        if not self._is_busy(name):
            self._drop(name, "it leaves", False)

    def _join(self, name: str) -> None:
        seen = self._slots.known[name]
        assert seen.state is not None
        seen.joined, seen.leaving = seen.state.child, False
        self._up.set()
        state, slot = seen.state, seen.slot
        self._on_reply(name, Ready(state.pid, slot.machine, slot.cores, slot.models, state.models))

    def _drop(self, name: str, reason: str, blame: bool) -> None:
        """The scheduler can use a slot no more; a task that ends one process after the other is given up."""
        if (seen := self._slots.joined(name)) is None:
            return
        seen.joined, seen.leaving = "", False
        lease = self._busy.get(name, "")
        self._post.answered(name)
        self._rest(name)
        self._post.do(self._broker.release, name)
        if blame and lease and (told := self._deaths.count(lease, f"{name}: {reason}")):
            self._on_reply(name, TaskFailed(lease, told, retry=False))
        self._on_lost(name, reason, blame)

    def _wanted(self) -> bool:
        """Whether this engine needs slots; one that starts needs some to know that there are any."""
        return self._has_work() or not self._up.is_set()

    def _is_busy(self, name: str) -> bool:
        """Whether a slot has something to do, or has not answered yet."""
        return name in self._busy or name in self._post

    def _owned(self) -> list[str]:
        return [name for name, seen in self._slots.known.items() if seen.joined]
