"""The engine: it owns the scheduler, the workers and the runs, and drives them in real time.

One asyncio loop does everything. Whatever happens becomes an event; ``_apply`` journals it, asks the scheduler and
carries out the commands. Nothing else changes the state of a run.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import msgspec

from murakkab.engine import planning
from murakkab.engine.errors import FAILED, UserError
from murakkab.engine.feed import FINISHED, read_events
from murakkab.engine.figures import PlayerReport
from murakkab.engine.fleet import LocalFleet
from murakkab.engine.journal import Journal
from murakkab.engine.locks import claim, is_claimed
from murakkab.engine.resume import committed
from murakkab.engine.run import LiveRun
from murakkab.engine.store import RunRecord, RunStore
from murakkab.engine.submission import import_files, title_of
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.scheduler import Command, Event, Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.messages import Cancel, Load, Ready, Reply, Run

if TYPE_CHECKING:
    from murakkab.language import Workflow

_T = TypeVar("_T")
_KEPT_ENGINES = 10
_SPARE_WORKERS = 2


@dataclass(frozen=True)
class EngineOptions:
    """How an engine runs.

    Attributes:
        runs: folder of the runs.
        cores: threads that tasks may use together; by default those of the machine.
        llm: base URL of an OpenAI-compatible server to write with, if any.
        policy: name of the queue policy.
    """

    runs: Path
    cores: int | None = None
    llm: str | None = None
    policy: str = "earliest-deadline"


class Engine:
    """Makes runs.

    Raises:
        UserError: from any method, for what the user can put right.
    """

    def __init__(self, options: EngineOptions) -> None:
        self.options = options
        self.store = RunStore(options.runs)
        self.cores = options.cores or len(os.sched_getaffinity(0))
        self._scheduler = Scheduler(self.cores, options.policy)
        self._live: dict[str, LiveRun] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._epoch = time.time() - time.monotonic()
        self._folder = options.runs / ".engines" / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        self._journal: Journal | None = None
        self._claim: TextIO | None = None
        self._fleet: LocalFleet | None = None
        self._closing = False
        if options.llm:
            if not re.match(r"https?://[^/\s]+", options.llm):
                raise UserError(f"'{options.llm}' is no address of a server", "Write --llm http://host:port/v1.")
            os.environ["MURAKKAB_LLM_URL"] = options.llm

    def now(self) -> float:
        """Seconds since the epoch, never going back."""
        return self._epoch + time.monotonic()

    async def start(self) -> None:
        """Open the engine's journal and start its worker processes.

        There are two more than cores: thread budget and cores keep at most ``cores`` of them at work, and the others
        hold large models or take tasks that are too short to count.
        """
        try:
            self._journal = Journal(self._folder / "journal.jsonl")
            self._claim = claim(self._folder / "lock")
        except OSError as fault:
            raise UserError(
                f"cannot write to {self.options.runs}: {fault.strerror}",
                "Choose another folder with --runs, or free some space.",
                FAILED,
            ) from None
        _forget_old_engines(self._folder)
        self._fleet = LocalFleet(self._folder, self.cores + _SPARE_WORKERS, self._reply, self._lost, self._barren)
        await self._fleet.start()

    async def close(self) -> None:
        """Cancel what runs, stop the workers, close the journal."""
        self._closing = True
        for run in list(self._live):
            await self.cancel(run)
        for timer in self._timers:
            timer.cancel()
        if self._fleet is not None:
            await self._fleet.stop()
        if self._journal is not None:
            self._journal.close()
        if self._claim is not None:
            self._claim.close()

    def expect(self, workflow: Workflow) -> None:
        """Load the models that runs of a workflow need, before the first one is asked for.

        Raises:
            UserError: a node has no usable model.
        """
        from murakkab.language import check_inputs, compile_graph

        graph = compile_graph(workflow, check_inputs(workflow, {}))
        self._apply(ev.ModelsExpected(graph, planning.make_plan(graph, self.cores)))

    async def submit(
        self,
        workflow: Workflow,
        inputs: dict[str, Any],
        *,
        seed: int | None = None,
        plan: Plan | None = None,
        use: Iterable[str] = (),
        run: str | None = None,
        until: list[str] | None = None,
        requested_at: float | None = None,
    ) -> str:
        """Begin a run and return its id.

        Args:
            workflow: a checked workflow.
            inputs: by name; missing ones take their defaults.
            seed: repeats an episode; a fresh one by default.
            plan: a configuration for every node; made by the planner by default.
            use: what the planner must use, for example ``upscale=anime4k`` or ``hosts.draw_height=180``.
            run: id to use.
            until: make only these nodes and what they need.
            requested_at: time of the request (seconds since the epoch) from which TTFF counts; now by default.
        """
        from murakkab.language import check_inputs, compile_graph

        checked = check_inputs(workflow, inputs)
        graph = compile_graph(workflow, checked)
        if until:
            graph = graph.pruned(until)
        plan = plan or planning.make_plan(graph, self.cores, planning.parse_pins(use))
        name = workflow.metadata.name
        record = RunRecord(
            run=run or self.store.new_id(name),
            workflow=name,
            created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            title=title_of(workflow, checked),
            inputs={key: str(value) if isinstance(value, Path) else value for key, value in checked.items()},
            seed=secrets.randbits(32) if seed is None else seed,
        )
        folder = self.store.create(record)
        try:
            graph = await asyncio.to_thread(import_files, graph, folder / "artifacts")
            (folder / "workflow.yaml").write_text(workflow.source_text, encoding="utf-8")
            (folder / "plan.json").write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=2))
            self._begin(ev.RunSubmitted(record.run, graph, plan), record, requested_at or self.now())
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return record.run

    async def resume(self, run: str) -> str:
        """Go on with a run that was interrupted, cancelled or failed; committed items are not made again."""
        record = self.store.record(run)
        if record.status == "succeeded":
            raise UserError(f"the run '{run}' is finished", f"`murakkab show {run}` shows it.")
        if run in self._live:
            raise UserError(f"the run '{run}' is being made", "There is nothing to resume.")
        event = committed(self.store.folder(run))
        planning.check_models(event.plan)
        record.status, record.error = "running", ""
        self._begin(event, record, self.now())
        return run

    async def events(self, run: str, after: int = 0) -> AsyncIterator[dict[str, Any]]:
        """Yield what happened in a run and what happens next; ends with ``run.finished``."""
        if live := self._live.get(run):
            async for event in live.feed.read(after):
                yield event
            return
        for event in read_events(self.store.folder(run) / "events.jsonl")[after:]:
            yield event

    async def wait(self, run: str) -> dict[str, Any]:
        """Wait for the end of a run and return its ``run.finished`` event."""
        last: dict[str, Any] = {}
        async for event in self.events(run):
            last = event
        return last if last.get("event") == FINISHED else {}

    async def cancel(self, run: str) -> None:
        """Stop a run; what it has finished stays. Nothing happens when it is not being made."""
        self.store.folder(run)
        if run in self._live:
            self._apply(ev.RunCancelled(run))

    async def playback(self, run: str, report: dict[str, Any]) -> None:
        """Take a player's report (see ``PlayerReport``)."""
        try:
            said = msgspec.convert(report, PlayerReport)
        except msgspec.ValidationError as fault:
            raise UserError(f"the player's report is wrong: {fault}", "Send the fields of PlayerReport.") from None
        if live := self._live.get(run):
            live.playback(said, self.now())
            self._apply(ev.PlaybackMoved(run, said.position_s, said.stall_s))
        else:
            self._update_record(run, said)

    def _update_record(self, run: str, report: PlayerReport) -> None:
        """Figures of a player that goes on after the run was made."""
        record = self.store.record(run)
        if report.ttff_s is None or record.status == "running":
            return
        record.ttff_s, record.stall_s, record.measured_by = report.ttff_s, report.stall_s, "player"
        record.first_content_s, record.first_speech_s = report.first_content_s, report.first_speech_s
        self.store.save(record)

    def _begin(self, event: ev.RunSubmitted | ev.RunResumed, record: RunRecord, began: float) -> None:
        live = LiveRun(self.store, record, event.graph, event.plan, began)
        self.store.save(record)
        self._live[record.run] = live
        now = self.now()
        name = "run.resumed" if isinstance(event, ev.RunResumed) else "run.submitted"
        live.feed.send(name, now, workflow=record.workflow, title=record.title, inputs=record.inputs, seed=record.seed)
        live.feed.send(
            "run.planned",
            now,
            nodes=planning.describe(event.graph, event.plan),
            promises={"ttff_s": event.graph.slo.ttff_s, "realtime": event.graph.slo.realtime},
        )
        self._apply(event)

    def _apply(self, event: Event) -> None:
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
            commands = self._scheduler.handle(event, now)
        except Exception as fault:
            reason = self._explain(fault)
            for failing in [live] if live is not None else list(self._live.values()):
                self._fail(failing, reason)
            return
        if self._journal is not None:
            with contextlib.suppress(OSError):
                self._journal.commands(commands)
        if live is not None:
            self._guarded(live, live.told, event, now)
        for command in commands:
            self._guarded(self._live.get(getattr(command, "run", "")), self._do, command, now)

    def _ask_quietly(self, event: Event, now: float) -> None:
        """Let the scheduler know of an event that is in no journal, so that it has no worker for busy that is not."""
        for command in self._scheduler.handle(event, now):
            self._do(command, now)

    def _guarded(self, live: LiveRun | None, action: Callable[[_T, float], None], what: _T, now: float) -> None:
        """Fail the run when the action goes wrong; the others go on."""
        try:
            action(what, now)
        except Exception as fault:
            reason = self._explain(fault)
            if live is not None:
                self._abort(live, reason)

    def _explain(self, fault: Exception) -> str:
        """Words for a fault that nothing foresaw; its trace is kept."""
        log = self._folder / "faults.log"
        with contextlib.suppress(OSError), log.open("a", encoding="utf-8") as stream:
            traceback.print_exception(fault, file=stream)
        return f"unexpected fault: {type(fault).__name__}: {fault}; the details are in {log}"

    def _note(self, event: Event, now: float, live: LiveRun | None) -> None:
        if self._journal is not None:
            self._journal.event(event, now)
        if live is not None:
            live.journal.event(event, now)

    def _concerned(self, event: Event) -> LiveRun | None:
        """The run that an event counts for; None for workers' news and for leases that are no longer held."""
        if lease := getattr(event, "lease", None):
            return self._live.get(ev.parse_lease(lease)[0]) if self._scheduler.holds(lease) else None
        return self._live.get(getattr(event, "run", ""))

    def _do(self, command: Command, now: float) -> None:
        match command:
            case cmd.StartTask():
                self._start_task(command)
            case cmd.CancelTask(lease, worker):
                self._workers.cancel(worker, Cancel(lease))
            case cmd.LoadModel(worker, model):
                card = load_catalog()[model]
                self._workers.load(worker, Load(card, max(card.needs.threads, 1)))
            case cmd.Publish(run):
                self._publish(self._live[run], command, now)
            case cmd.FinishRun(run):
                if live := self._live.pop(run, None):
                    live.finish(command, now)
            case cmd.SetTimer(name, at):
                self._later(at - now, lambda: self._apply(ev.TimerFired(name)))

    def _start_task(self, command: cmd.StartTask) -> None:
        live, chosen = self._live[command.run], command.configuration
        node = live.graph.node(command.node)
        request = Run(
            lease=command.lease,
            store=str(live.artifacts.root.resolve()),
            card=load_catalog()[chosen.model],
            knobs=chosen.knobs,
            threads=chosen.needs.threads,
            arguments=node.arguments,
            seed=live.record.seed,
            path=command.path,
            item=command.item,
            inputs=command.inputs,
            previous=command.previous,
            first_item=command.first_item,
            streams=node.streams,
            secrets=live.secrets,
        )
        self._workers.run(command.worker, request)

    def _publish(self, live: LiveRun, command: cmd.Publish, now: float) -> None:
        """Show a segment; none after one that could not be shown."""
        if live.abort_reason:
            return
        try:
            live.publish(command, now)
        except OSError as fault:
            reason = f"cannot write to {live.folder}: {fault.strerror}: free some space, then resume the run"
            self._abort(live, reason)

    def _abort(self, live: LiveRun, reason: str) -> None:
        """Fail a run for a reason outside its graph, after the commands in hand."""
        live.abort_reason = live.abort_reason or reason
        asyncio.get_running_loop().call_soon(self._apply, ev.RunCancelled(live.record.run))

    def _give_up(self, reason: str) -> None:
        """Fail all runs at once."""
        for live in list(self._live.values()):
            self._fail(live, reason)

    def _fail(self, live: LiveRun, reason: str) -> None:
        """Fail a run at once, also one that the scheduler does not know or cannot end; nothing is journaled."""
        live.abort_reason = live.abort_reason or reason
        run, now = live.record.run, self.now()
        try:
            commands = self._scheduler.handle(ev.RunCancelled(run), now)
        except Exception as fault:
            self._explain(fault)
            commands = []
        for command in commands:
            self._guarded(None, self._do, command, now)
        if run in self._live:
            self._do(cmd.FinishRun(run, "failed", reason), now)

    def _reply(self, worker: str, reply: Reply) -> None:
        self._apply(ev.WorkerJoined(worker) if isinstance(reply, Ready) else reply)

    def _lost(self, worker: str, reason: str, blame: bool) -> None:
        self._apply(ev.WorkerLost(worker, reason, blame))

    def _barren(self, reason: str) -> None:
        self._give_up(f"no worker process can be started: {reason}")

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        def fire() -> None:
            self._timers.discard(handle)
            if not self._closing:
                action()

        handle = asyncio.get_running_loop().call_later(max(delay, 0.0), fire)
        self._timers.add(handle)

    @property
    def _workers(self) -> LocalFleet:
        if self._fleet is None:
            raise RuntimeError("the engine was not started")
        return self._fleet


def _forget_old_engines(folder: Path) -> None:
    """Keep the journals of the last few engines and of all that still run."""
    for old in sorted(folder.parent.iterdir())[:-_KEPT_ENGINES]:
        if not is_claimed(old / "lock"):
            shutil.rmtree(old, ignore_errors=True)
