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
from collections.abc import Awaitable, Callable

from murakkab.engine.bare import Bare
from murakkab.engine.broker import Broker, Look
from murakkab.engine.first_slot import first_slot
from murakkab.engine.fleet import OnBarren, OnLost, OnReply
from murakkab.engine.given_back import GivenBack
from murakkab.engine.hearing import Hearing, Recent
from murakkab.engine.inbox import Inbox
from murakkab.engine.outage import News, Outage
from murakkab.engine.post import Post
from murakkab.engine.shared import SharedStore
from murakkab.engine.slot_fleet import SlotFleet
from murakkab.engine.slots import Slots
from murakkab.engine.unfit import Unfit
from murakkab_optimizer.scheduler.events import ItemEmitted, ModelLoaded, TaskFailed, TaskFinished, parse_lease
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Cancel, Load, Reply, Request, Run

POLL_S = 0.5
"""Time between two looks at the slots."""

WAIT_S = 20.0
"""An engine that starts waits this long for a first slot where nobody starts any."""


class CeleryFleet(SlotFleet):
    """Slots of a cluster.

    Args:
        url: of the Redis.
        store: URL of a store for artifacts; empty where the machines share the folder of the runs.
        wanted: whether there is something to do; an engine that has nothing leaves its slots to others.
        waiting: how much waits, by kind of worker.
        on_delay: called with why runs wait, and with the run; empty for all.
        on_reply, on_lost, on_barren: as for ``Fleet``.

    """

    def __init__(
        self,
        url: str,
        store: str,
        wanted: Callable[[], bool],
        waiting: Callable[[], list[wire.Waiting]],
        on_delay: Callable[[str, str], None],
        on_reply: OnReply,
        on_lost: OnLost,
        on_barren: OnBarren,
    ) -> None:
        self.id = secrets.token_hex(6)
        broker, self._shared = Broker(url, self.id), SharedStore(store, self.id) if store else None
        slots = Slots(wire.this_version(), wire.catalogue_digest())
        super().__init__(slots, broker, Post(self.id, broker, self._shared, self._wait_again), on_reply, on_lost)
        self._hearing, self._unfit, self._given_back = Hearing(), Unfit(), GivenBack()
        self._has_work, self._waiting = wanted, waiting
        self._on_delay, self._on_barren = on_delay, on_barren
        self._cancelled = Recent()
        if self._shared is not None:
            self._inbox = Inbox(self._shared, self._take, lambda lease: lease not in self._cancelled, on_barren)
        self._jobs: list[asyncio.Task[None]] = []
        self._bare = Bare(self._broker.shown, self._slots)
        self._outage = Outage(broker.shown, time.monotonic())
        self._stopping = False

    async def start(self) -> None:
        """Reach the broker and take the slots that there are.

        Raises:
            UserError: the broker cannot be reached, or no slot of it can be used. Those of other engines can, later.
        """
        await self._broker.reach()
        if self._shared is not None:
            await self._shared.reach()
        self._jobs = [asyncio.create_task(self._repeat(step)) for step in (self._listen, self._look)]
        if not await first_slot(self._up, self._broker, self._slots, lambda: self._taken, WAIT_S):
            await self.stop()
            raise self._bare.why(self._outage.fault, time.monotonic())
        self._up.set()

    async def stop(self) -> None:
        """Give all slots back."""
        self._stopping = True
        await self._end(self._jobs)
        if self._inbox is not None:
            await self._inbox.close()
        with contextlib.suppress(Exception):
            await self._broker.leave(self._owned())
        await asyncio.to_thread(self._post.close)
        await self._broker.close()

    def run(self, worker: str, request: Run, timeout_s: float = 0.0) -> None:
        """Hand a task over; a slot that leaves has it given back at once."""
        if self._takes(worker):
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
        for deaths in (self._deaths, self._unheard):
            deaths.forget_run(run)
        self._given_back.forget(run)
        self._unfit.forget(run)
        self._post.forget(run)

    def _kill(self, worker: str, reason: str) -> None:
        """End the process of a slot; the slot starts another one."""
        if (seen := self._slots.joined(worker)) is not None:
            self._slots.ended(worker, seen.joined, self._busy.get(worker, ""), time.monotonic())
            self._post.do(self._broker.terminate, seen.slot)
            self._ended(worker, reason, self._deaths)

    def _can_hear(self, name: str) -> bool:
        waits = self._post.is_on_its_way(name) or (self._inbox is not None and name in self._inbox)
        return not waits and not self._outage.silent(time.monotonic())

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
        with self._post.gathering():
            for said in heard:
                if self._inbox is None or isinstance(said.reply, wire.Refused):
                    self._take(said)
                else:
                    self._inbox.put(said)

    def _take(self, said: wire.Said, gone: str = "") -> None:
        """Take in what a slot said; ``gone``: why what it made is not to be had any more."""
        if isinstance(said.reply, wire.Refused):
            self._post.refused(said.slot, said.reply.lease)
            return
        if isinstance(said.reply, wire.Died):
            seen = self._slots.joined(said.slot)
            if seen is not None and self._busy.get(said.slot) == said.reply.lease:
                self._slots.ended(said.slot, seen.joined, said.reply.lease, time.monotonic())
                self._ended(said.slot, said.reply.reason, self._deaths)
            return
        if not self._hearing.is_new(said):
            return
        missed = self._hearing.missed_some(said, lease := getattr(said.reply, "lease", ""))
        seen = self._slots.joined(said.slot)
        if seen is None or seen.joined != said.child:
            return
        if isinstance(said.reply, wire.Back):
            if self._busy.get(said.slot) == lease:
                self._took_back(said.slot, said.reply)
        elif (missed or gone) and self._busy.get(said.slot) == lease:
            self._forgo(said, lease, gone)
        else:
            self._told(said.slot, said.reply)

    def _forgo(self, said: wire.Said, lease: str, gone: str) -> None:
        """Something that an attempt made is lost: the attempt is, too."""
        if not isinstance(said.reply, TaskFinished):
            self.send(said.slot, Cancel(lease))
        self._drop(said.slot, gone or "the broker lost what it said", TaskFailed(lease, gone) if gone else None)

    def _told(self, name: str, reply: Reply) -> None:
        """A reply of a slot that is ours."""
        lease = getattr(reply, "lease", "")
        if self._busy.get(name, "") != lease:
            self._cancelled.discard(lease)  # late news of an attempt or a load that is given up
            return
        if isinstance(reply, TaskFailed) and reply.error == "cancelled" and lease not in self._cancelled:
            self._drop(name, "another engine took it")
            return
        self._alive(name, reply)
        if isinstance(reply, TaskFinished | TaskFailed | ModelLoaded):
            self._post.answered(name)
            self._cancelled.discard(lease)
            self._slots.rested(name)
        if isinstance(reply, TaskFinished | ItemEmitted):
            self._unfit.works(self._slots.known[name].slot.machine, parse_lease(lease)[0])
        if isinstance(reply, TaskFinished):
            self._deaths.forget(lease)
            self._unheard.forget(lease)
        self._on_reply(name, reply)
        if self._slots.known[name].leaving and not self._is_busy(name):
            self._drop(name, "it leaves")

    def _took_back(self, name: str, back: wire.Back) -> None:
        """A slot cannot go on with an attempt: others are to make it; one that has no room twice, has failed at it."""
        run, now, machine = parse_lease(back.lease)[0], time.monotonic(), self._slots.known[name].slot.machine
        if isinstance(back, wire.Unfit):
            self._drop(name, back.reason)
            able = self._slots.machines(back.model, self._taken, now)
            self._pass_on(self._unfit.told(machine, run, back.reason, able, now))
            return
        news = News(waiting=back.reason, run=run) if self._given_back.is_new(run) else News()
        again = self._given_back.again(name, back.lease)
        self._drop(name, back.reason, TaskFailed(back.lease, back.reason) if again else None)
        self._pass_on(news)

    async def _look(self) -> None:
        """Follow who comes and goes."""
        try:
            read = await self._broker.read()
            now = time.monotonic()
            self._slots.read(read.slots, now)
            self._hearing.keep(self._slots.children(now))
            self._broker.keep(self._slots.known)
            if self._outage.silent(now):
                self._slots.forgive(now)
                self._wait_anew()
            await self._settle(now, read)
            self._outage.over(time.monotonic())
        except OSError as fault:
            self._pass_on(self._outage.goes_on(fault, time.monotonic()))
        await asyncio.sleep(POLL_S)

    def _pass_on(self, news: News) -> None:
        """Tell runs what they are to know."""
        if news.waiting:
            self._on_delay(news.waiting, news.run)
        if news.failing:
            self._on_barren(news.failing, news.run)

    async def _settle(self, now: float, read: Look) -> None:
        """Lose what is gone, own what is free, give back what others need."""
        usable = self._slots.usable(now)
        for name in self._owned():
            self._check(name, now)
        part = 1.0 if not read.others else 1 / (read.others + 1) if self._wanted() else 0.0
        self._give_back(usable, part)
        owned = [name for name in self._owned() if not self._slots.known[name].leaving]
        self._taken = read.taken
        fit = [name for name in usable if self._is_fit(name, now)]
        claims = self._slots.claims(fit, owned, read.taken, part)
        new = [name for name in claims if not self._slots.known[name].joined]
        mine = await self._broker.own([*claims, *(name for name in self._owned() if name not in claims)])
        await self._broker.wanted(self._wanted(), self._waiting())
        for slot in self._slots.take_deaf():
            self._post.do(self._broker.terminate, slot)
        for name in set(self._owned()) - mine:
            self._drop(name, "another engine took it")
        for name in new:
            if name in mine:
                self._join(name)
        for run, reason in (self._shared.stuck(now) if self._shared is not None else {}).items():
            self._on_barren(reason, run)
        bare = not self._owned() and self._has_work() and len(fit) == len(usable)
        self._pass_on(self._bare.look(bare, read.taken, now))

    def _is_fit(self, name: str, now: float) -> bool:
        """Whether to own a slot: its machine works, and it is done with what it had of this engine before."""
        seen = self._slots.known[name]
        before = not seen.joined and seen.state is not None and seen.state.engine == self.id
        return not (before or name in self._going or self._unfit.apart(seen.slot.machine, now))

    def _wanted(self) -> bool:
        """Whether this engine needs slots; one that starts needs some to know that there are any."""
        return self._has_work() or not self._up.is_set()
