"""The engine's public door: begins runs, resumes them, tells of them."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from murakkab.engine import planning
from murakkab.engine.cache import BUDGET_BYTES, ResultCache
from murakkab.engine.driver import Driver
from murakkab.engine.errors import FAILED, UserError
from murakkab.engine.feed import FINISHED, kept_events
from murakkab.engine.figures import PlayerReport
from murakkab.engine.fleet import LocalFleet
from murakkab.engine.journal import Journal
from murakkab.engine.locks import claim, is_claimed
from murakkab.engine.observing import Observer
from murakkab.engine.priority import StepBack
from murakkab.engine.replanning import Replanner
from murakkab.engine.resume import committed
from murakkab.engine.run import LiveRun
from murakkab.engine.store import RunRecord, RunStore
from murakkab.engine.submission import RunRequest, check_files, check_secrets, import_files, renew_functions, request_of
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.scheduler import events as ev
from murakkab_runtimes.workers.spans import ENDPOINTS

if TYPE_CHECKING:
    from murakkab.language import Workflow
    from murakkab_runtimes.workers.cluster.wire import Waiting

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
        rungs: name of the policy that says how good each shot is made.
        cache: whether results are kept for, and taken from, other runs; the environment variable ``MURAKKAB_CACHE=off``
            switches it off where nothing else is said.
        cache_bytes: what the kept results may take.
        broker: URL of the Redis at which workers of other machines are; empty for processes of this one.
        observers: make what watches the engine; each is given its driver.
        store: URL of a folder that artifacts go through where those machines do not share the folder of the runs, for
            example ``s3://bucket/prefix``; empty where they do.
    """

    runs: Path
    cores: int | None = None
    llm: str | None = None
    policy: str = "least-slack"
    rungs: str = "adaptive"
    cache: bool = field(default_factory=lambda: os.environ.get("MURAKKAB_CACHE", "").lower() not in ("off", "0", "no"))
    observers: tuple[Callable[[Driver], Observer], ...] = ()
    cache_bytes: int = BUDGET_BYTES
    broker: str = ""
    store: str = ""


class Engine:
    """Makes runs.

    Raises:
        UserError: from any method, for what the user can put right.
    """

    def __init__(self, options: EngineOptions) -> None:
        self.options = options
        self.store = RunStore(options.runs)
        self.cores = options.cores or len(os.sched_getaffinity(0))
        self._folder = options.runs / ".engines" / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        self._cache = ResultCache(options.runs / ".cache", options.cache_bytes) if options.cache else None
        self._claim: TextIO | None = None
        self._started: Driver | None = None
        self._replanner: Replanner | None = None
        self._loaded: set[str] = set()
        self._step_back = StepBack()
        if options.llm:
            if not re.match(r"https?://[^/\s]+", options.llm):
                raise UserError(f"'{options.llm}' is no address of a server", "Write --llm http://host:port/v1.")
            os.environ["MURAKKAB_LLM_URL"] = options.llm

    def now(self) -> float:
        """Seconds since the epoch, never going back."""
        return self._driver.now()

    async def start(self) -> None:
        """Open the engine's journal and start its worker processes.

        There are two more than cores: thread budget and cores keep at most ``cores`` of them at work, and the others
        hold large models or take tasks that are too short to count.
        """
        try:
            journal = Journal(self._folder / "journal.jsonl")
            self._claim = claim(self._folder / "lock")
        except OSError as fault:
            raise UserError(
                f"cannot write to {self.options.runs}: {fault.strerror}",
                "Choose another folder with --runs, or free some space.",
                FAILED,
            ) from None
        _forget_old_engines(self._folder)
        policies = (self.options.policy, self.options.rungs)
        if self.options.broker:
            await self._start_cluster(journal, policies)
            return
        fleet = partial(LocalFleet, self._folder, self.cores + _SPARE_WORKERS)
        self._started = self._observed(Driver(self._folder, journal, self.cores, fleet, *policies))
        await self._started.fleet.start()

    def _observed(self, driver: Driver) -> Driver:
        """The driver, with all that watches it; spans are made where the environment says where to send them."""
        driver.observers = [make(driver) for make in self.options.observers]
        if any(os.environ.get(name) for name in ENDPOINTS):
            from murakkab.telemetry.tracing import engine_spans

            driver.observers += filter(None, [engine_spans()])
        return driver

    async def _start_cluster(self, journal: Journal, policies: tuple[str, str]) -> None:
        """Take the workers at the broker; their cores are those of the engine."""
        from murakkab.engine.celery_fleet import CeleryFleet

        fleet = partial(CeleryFleet, self.options.broker, self.options.store, self._busy, self._waiting)
        self._started = self._observed(Driver(self._folder, journal, 0, fleet, *policies))
        await self._started.fleet.start()
        self.cores = max(self._started.scheduler.cores, 1)
        self._replanner = Replanner(self._started, self._plan)
        self._replanner.start()

    def _plan(self, graph: Graph, pins: Mapping[str, Pin]) -> Plan:
        """A plan for the workers that there are now; where all are gone, as for this machine until some come."""
        if self.options.broker:
            self.cores = self._driver.scheduler.cores or self.cores
        usable = self._started.fleet.models() if self._started is not None else None
        return planning.make_plan(graph, self.cores, pins, usable or None)

    def _waiting(self) -> list[Waiting]:
        from murakkab.engine.waiting import waiting

        return waiting(self._driver.scheduler, self.now())

    def _busy(self) -> bool:
        return self._started is not None and bool(self._started.live)

    async def close(self) -> None:
        """Cancel what runs, stop the workers, close the journal, and trim the cache."""
        if self._replanner is not None:
            self._replanner.close()
        if self._started is not None:
            await self._started.close()
        if self._claim is not None:
            self._claim.close()
        if self._cache is not None:
            await asyncio.to_thread(self._cache.trim)

    def expect(self, workflow: Workflow) -> None:
        """Load the models that runs of a workflow need, before the first one is asked for.

        Raises:
            UserError: a node has no usable model.
        """
        from murakkab.language import check_inputs, compile_graph

        graph = compile_graph(workflow, check_inputs(workflow, {}))
        plan = self._plan(graph, {})
        self._loaded |= planning.must_load(plan)
        self._driver.apply(ev.ModelsExpected(graph, plan))

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
        cache: bool = True,
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
            cache: whether results of other runs may be used, and those of this one kept.
        """
        request = msgspec.structs.replace(
            request_of(workflow, inputs, until),
            seed=seed,
            plan=plan,
            use=tuple(use),
            run=run,
            requested_at=requested_at,
            cache=cache,
        )
        return await self.submit_graph(request)

    async def submit_graph(self, request: RunRequest) -> str:
        """Begin a run of a graph and return its id."""
        graph = request.graph
        check_secrets(graph)
        pins = planning.parse_pins(request.use, graph)
        plan = request.plan or self._plan(graph, pins)
        check_files(graph, plan)
        record = RunRecord(
            run=request.run or self.store.new_id(graph.name),
            workflow=graph.name,
            created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            title=request.title or graph.name,
            inputs=request.inputs,
            seed=secrets.randbits(32) if request.seed is None else request.seed,
            seed_given=request.seed is not None,
            uses_cache=request.cache,
        )
        began = request.requested_at or self.now()
        folder = self.store.create(record)
        try:
            graph = await asyncio.to_thread(import_files, graph, folder / "artifacts")
            (folder / "workflow.yaml").write_text(request.source_text, encoding="utf-8")
            (folder / "plan.json").write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=2))
            self._begin(ev.RunSubmitted(record.run, graph, plan), record, began, None if request.plan else pins)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return record.run

    async def resume(self, run: str) -> str:
        """Go on with a run that was interrupted, cancelled or failed; committed items are not made again.

        Functions are those that their files hold now.
        """
        record = self.store.record(run)
        if record.status == "succeeded":
            raise UserError(f"the run '{run}' is finished", f"`murakkab show {run}` shows it.")
        if self._live(run) is not None:
            raise UserError(f"the run '{run}' is being made", "There is nothing to resume.")
        event = committed(self.store.folder(run))
        graph = await asyncio.to_thread(renew_functions, event.graph, self.store.folder(run) / "artifacts")
        event = msgspec.structs.replace(event, graph=graph)
        planning.check_models(event.plan)
        record.status, record.error = "running", ""
        check_secrets(event.graph)
        self._begin(event, record, self.now(), {})
        return run

    async def events(self, run: str, after: int = 0) -> AsyncIterator[dict[str, Any]]:
        """Yield what happened in a run and what happens next; ends with ``run.finished``."""
        if live := self._live(run):
            async for event in live.feed.read(after):
                yield event
            return
        for event in kept_events(self.store.folder(run) / "events.jsonl", after):
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
        if self._live(run) is not None:
            self._driver.apply(ev.RunCancelled(run))

    async def playback(self, run: str, report: dict[str, Any]) -> None:
        """Take a player's report (see ``PlayerReport``)."""
        try:
            said = msgspec.convert(report, PlayerReport)
        except msgspec.ValidationError as fault:
            raise UserError(f"the player's report is wrong: {fault}", "Send the fields of PlayerReport.") from None
        if live := self._live(run):
            if said.playing and not self.options.broker:
                self._step_back.workers(self._driver.fleet.pids().values())
            live.playback(said, self.now())
            self._driver.apply(ev.PlaybackMoved(run, said.position_s, said.stall_s))
        else:
            self._update_record(run, said)

    def _begin(
        self,
        event: ev.RunSubmitted | ev.RunResumed,
        record: RunRecord,
        began: float,
        pins: Mapping[str, Pin] | None,
    ) -> None:
        """Hand a run over to the driver; ``pins`` is None where its plan was given."""
        slow = planning.must_load(event.plan)
        results = self._cache if record.uses_cache else None
        live = LiveRun(self.store, record, event.graph, event.plan, began, results, cold=not slow <= self._loaded)
        self._loaded |= slow
        self.store.save(record)
        self._driver.add(live)
        if self._replanner is not None:
            self._replanner.watch(record.run, pins)
        now = self.now()
        name = "run.resumed" if isinstance(event, ev.RunResumed) else "run.submitted"
        live.feed.send(name, now, workflow=record.workflow, title=record.title, inputs=record.inputs, seed=record.seed)
        live.feed.send(
            "run.planned",
            now,
            nodes=planning.describe(event.graph, event.plan),
            promises=planning.describe_promises(event.graph),
            notes=event.plan.notes,
            predictions=msgspec.to_builtins(event.plan.predictions),
            rungs=planning.describe_rungs(event.plan),
            cold=live.cold,
        )
        self._driver.apply(event)

    def _update_record(self, run: str, report: PlayerReport) -> None:
        """Figures of a player that goes on after the run was made."""
        record = self.store.record(run)
        if report.ttff_s is None or record.status == "running":
            return
        record.ttff_s, record.stall_s, record.measured_by = report.ttff_s, report.stall_s, "player"
        record.first_content_s, record.first_speech_s = report.first_content_s, report.first_speech_s
        self.store.save(record)

    def _live(self, run: str) -> LiveRun | None:
        return self._started.live.get(run) if self._started is not None else None

    @property
    def _driver(self) -> Driver:
        if self._started is None:
            raise RuntimeError("the engine was not started")
        return self._started


def _forget_old_engines(folder: Path) -> None:
    """Keep the journals of the last few engines and of all that still run."""
    for old in sorted(folder.parent.iterdir())[:-_KEPT_ENGINES]:
        if not is_claimed(old / "lock"):
            shutil.rmtree(old, ignore_errors=True)
