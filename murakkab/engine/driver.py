"""Drives the scheduler in real time: journals what happens, asks the scheduler, carries its commands out.

One asyncio loop does everything. Whatever happens becomes an event that goes through ``apply``; nothing else changes
the state of a run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from murakkab.engine.evaluation import Evaluator
from murakkab.engine.faults import as_told, explained, undone, unwritten
from murakkab.engine.fleet import FleetMaker
from murakkab.engine.here import There
from murakkab.engine.journal import Journal
from murakkab.engine.observing import Observer
from murakkab.engine.requests import request, silence_s
from murakkab.engine.run import LiveRun
from murakkab.engine.shelf import Shelf
from murakkab_optimizer.scheduler import Command, Event, Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.messages import Cancel, Load, Ready, Reply

_T = TypeVar("_T")


class Driver:
    """The scheduler, the workers and the runs that are being made.

    ``observers`` are told of everything that happens.

    Args:
        folder: takes the journal and the logs; it exists.
        journal: of the engine.
        cores: threads that tasks may use together.
        fleet: makes the workers.
        policy: name of the queue policy.
        rungs: name of the rung policy.

    """

    def __init__(self, folder: Path, journal: Journal, cores: int, fleet: FleetMaker, policy: str, rungs: str) -> None:
        self.live: dict[str, LiveRun] = {}
        self.scheduler = Scheduler(cores, policy, rungs)
        self.fleet = fleet(self._reply, self._lost, self._barren)
        self._folder, self._journal = folder, journal
        self._epoch = time.time() - time.monotonic()
        self._timers: set[asyncio.TimerHandle] = set()
        self._evaluator = Evaluator(self._evaluated)
        self._shelf = Shelf(self.apply, self.scheduler.holds, self._hand_over, self._explain)
        self._closing = False
        self.observers: list[Observer] = []

    def now(self) -> float:
        """Seconds since the epoch, never going back."""
        return self._epoch + time.monotonic()

    def add(self, live: LiveRun) -> None:
        """Take a run in; its first event follows."""
        self.live[live.record.run] = live
        self._shelf.prepare(live)

    async def close(self) -> None:
        """Cancel what runs, stop the workers, close the journal."""
        self._closing = True
        for run in list(self.live):
            self.apply(ev.RunCancelled(run))
        for timer in self._timers:
            timer.cancel()
        await self._shelf.close()
        self._evaluator.close()
        await self.fleet.stop()
        self._journal.close()
        for observer in self.observers:
            await asyncio.to_thread(observer.close)

    def apply(self, event: Event) -> None:
        """Journal an event, ask the scheduler, carry out its commands. Whatever goes wrong fails the runs concerned."""
        now = self.now()
        live = self._concerned(event)
        try:
            self._note(event, now, live)
        except OSError as fault:
            self._give_up(f"cannot write the journal: {fault.strerror}: free some space, then resume the run")
            if not isinstance(event, ev.RunSubmitted | ev.RunResumed):
                self._guarded(None, self._ask_quietly, event, now)
            return
        try:
            commands = self.scheduler.handle(event, now)
        except Exception as fault:
            reason = self._explain(fault)
            for failing in [live] if live is not None else list(self.live.values()):
                self._fail(failing, reason)
            return
        self._journal.commands(commands)
        if live is not None:
            self._guarded(live, live.told, as_told(event, commands), now)
            self._guarded(live, lambda what, _: self._shelf.keep(live, what), event, now)
        self._tell_timeouts(event, commands, now)
        if self.observers:
            self._guarded(None, lambda told, at: self._observe(told, commands, live, at), event, now)
        for command in commands:
            self._carry_out(command, now)

    def _observe(self, event: Event, commands: list[Command], live: LiveRun | None, now: float) -> None:
        for observer in self.observers:
            observer.happened(event, commands, live, now)

    def _tell_timeouts(self, event: Event, commands: list[Command], now: float) -> None:
        """Tell of attempts that are stopped because they took too long; the end of a run tells its own reason."""
        ended = {command.run for command in commands if isinstance(command, cmd.FinishRun)}
        for command in commands if isinstance(event, ev.TimerFired) else ():
            if isinstance(command, cmd.CancelTask) and (run := ev.parse_lease(command.lease)[0]) not in ended:
                live = self.live[run]
                self._guarded(live, live.timed_out, command.lease, now)

    def _ask_quietly(self, event: Event, now: float) -> None:
        """Let the scheduler know what happened after its runs were given up: no worker is busy that is not."""
        for command in self._ask(event, now):
            self._carry_out(command, now)

    def _ask(self, event: Event, now: float) -> list[Command]:
        """Ask the scheduler; the journal has the event in its place as soon as it can be written."""
        self._journal.late(event, now)
        commands = self.scheduler.handle(event, now)
        self._journal.commands(commands)
        return commands

    def _guarded(self, live: LiveRun | None, action: Callable[[_T, float], None], what: _T, now: float) -> None:
        """Fail the run when the action goes wrong; the others go on."""
        try:
            action(what, now)
        except Exception as fault:
            self.broke(live, fault)

    def broke(self, live: LiveRun | None, fault: Exception) -> None:
        """Keep the trace of a fault that nothing foresaw, and fail the run that it concerns."""
        reason = self._explain(fault, live)
        if live is not None:
            self.abort(live, reason)

    def _explain(self, fault: Exception, live: LiveRun | None = None) -> str:
        return explained(fault, live.folder if live is not None else None, self._folder)

    def _note(self, event: Event, now: float, live: LiveRun | None) -> None:
        """Write an event down: what is in the engine's journal, the scheduler is told at once."""
        if live is not None:
            live.journal.event(event, now)
        self._journal.event(event, now)

    def _concerned(self, event: Event) -> LiveRun | None:
        """The run that an event counts for; None for workers' news and for leases that are no longer held."""
        if lease := getattr(event, "lease", None):
            return self.live.get(ev.parse_lease(lease)[0]) if self.scheduler.holds(lease) else None
        return self.live.get(getattr(event, "run", ""))

    def _carry_out(self, command: Command, now: float) -> None:
        """Do a command, or fail its run. What did not reach its worker has ended: the worker is free."""
        try:
            self._do(command, now)
        except Exception as fault:
            live = self.live.get(getattr(command, "run", ""))
            if isinstance(command, cmd.StartTask | cmd.LoadModel):
                asyncio.get_running_loop().call_soon(self.apply, undone(command, self._explain(fault, live)))
            else:
                self.broke(live, fault)

    def _do(self, command: Command, now: float) -> None:
        match command:
            case cmd.StartTask():
                self._start_task(command)
            case cmd.Evaluate(run, node):
                asking = self.live[run]
                self._evaluator.ask(command, asking.graph.node(node), asking.artifacts, asking.mask)
            case cmd.CancelTask(lease, worker):
                self.fleet.cancel(worker, Cancel(lease))
            case cmd.LoadModel(worker, model, knobs):
                card = load_catalog()[model]
                self.fleet.load(worker, Load(card, max(card.needs.threads, 1), knobs=knobs))
            case cmd.UnloadModel(worker, model):
                self.fleet.unload(worker, model)
            case cmd.Publish(run):
                self._publish(self.live[run], command, now)
            case cmd.MakeShot(run):
                self.live[run].make_shot(command, now)
            case cmd.FinishRun(run):
                if live := self.live.pop(run, None):
                    self.fleet.ended(run)
                    live.finish(command, now, self._there())
                    for observer in self.observers:
                        self._guarded(None, observer.ended, live, now)
            case cmd.SetTimer(name, at):
                self._later(at - now, lambda: self.apply(ev.TimerFired(name)))

    def _there(self) -> There | None:
        """What the workers of other machines have; None where they are of this one."""
        models = self.fleet.models()
        return None if models is None else There(models, tuple(self.fleet.accelerators()))

    def _start_task(self, command: cmd.StartTask) -> None:
        live = self.live[command.run]
        live.models[command.lease] = command.configuration.model
        if live.cache.asks(command):
            self._shelf.answer(live, command)
        else:
            self._hand_over(live, command)

    def _hand_over(self, live: LiveRun, command: cmd.StartTask) -> None:
        """Send an attempt to its worker."""
        trace = next(filter(None, (observer.context(command.lease) for observer in self.observers)), "")
        node = live.graph.node(command.node)
        self.fleet.run(command.worker, request(live, command, trace), silence_s(node))

    def _publish(self, live: LiveRun, command: cmd.Publish, now: float) -> None:
        """Show a segment; none after one that could not be shown."""
        if live.abort_reason:
            return
        try:
            live.publish(command, now)
        except OSError as fault:
            self.abort(live, unwritten(live.folder, fault))

    def abort(self, live: LiveRun, reason: str) -> None:
        """Fail a run for a reason outside its graph, after the commands in hand."""
        live.abort_reason = live.abort_reason or reason
        asyncio.get_running_loop().call_soon(self.apply, ev.RunCancelled(live.record.run))

    def _give_up(self, reason: str, run: str = "") -> None:
        """Fail a run at once; all where none is named."""
        for live in self._named(run):
            self._fail(live, reason)

    def _named(self, run: str) -> list[LiveRun]:
        return [live for name, live in self.live.items() if run in ("", name)]

    def delayed(self, reason: str, run: str = "") -> None:
        """Tell why a run waits; all where none is named."""
        for live in self._named(run):
            live.feed.send("run.waiting", self.now(), reason=reason, nodes=[])

    def _fail(self, live: LiveRun, reason: str) -> None:
        """Fail a run at once, also one that the scheduler does not know or cannot end."""
        live.abort_reason = live.abort_reason or reason
        run, now = live.record.run, self.now()
        try:
            commands = self._ask(ev.RunCancelled(run), now)
        except Exception as fault:
            self._explain(fault)
            commands = []
        for command in commands:
            self._carry_out(command, now)
        if run in self.live:
            self._do(cmd.FinishRun(run, "failed", reason), now)

    def _evaluated(self, answer: ev.Evaluated) -> None:
        if answer.run in self.live:
            self.apply(answer)

    def _reply(self, worker: str, reply: Reply) -> None:
        if isinstance(reply, Ready):
            place = reply.machine, reply.cores, reply.models, reply.held, reply.room_mb
            self.apply(ev.WorkerJoined(worker, *place))
        else:
            self.apply(reply)

    def _lost(self, worker: str, reason: str, blame: bool) -> None:
        self.apply(ev.WorkerLost(worker, reason, blame))

    def _barren(self, reason: str | Exception, run: str = "") -> None:
        if self._named(run):
            self._give_up(reason if isinstance(reason, str) else self._explain(reason), run)

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        def fire() -> None:
            self._timers.discard(handle)
            if not self._closing:
                action()

        handle = asyncio.get_running_loop().call_later(max(delay, 0.0), fire)
        self._timers.add(handle)
