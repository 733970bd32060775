"""The engine's public door: begins runs, resumes them, tells of them."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from murakkab.engine import planning
from murakkab.engine.cache import ResultCache
from murakkab.engine.driver import Driver
from murakkab.engine.errors import UserError
from murakkab.engine.feed import FINISHED, kept_events
from murakkab.engine.figures import PlayerReport
from murakkab.engine.fleet import FleetMaker
from murakkab.engine.folder import EngineFolder
from murakkab.engine.local_fleet import LocalFleet
from murakkab.engine.options import EngineOptions
from murakkab.engine.plans import Plans
from murakkab.engine.players import Players
from murakkab.engine.priority import StepBack
from murakkab.engine.replanning import Replanner
from murakkab.engine.resume import committed
from murakkab.engine.run import LiveRun
from murakkab.engine.store import RunRecord, RunStore
from murakkab.engine.submission import RunRequest, check_files, check_secrets, import_files, renew_functions, request_of
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.backlog import AtWork
from murakkab_runtimes.workers.spans import ENDPOINTS

if TYPE_CHECKING:
    from murakkab.language import Workflow
    from murakkab_runtimes.workers.cluster.wire import Waiting

_SPARE_WORKERS = 2


class Engine:
    """Makes runs.

    Attributes:
        cores: threads of this machine that tasks may use together.

    Raises:
        UserError: from any method, for what the user can put right.
    """

    def __init__(self, options: EngineOptions) -> None:
        self.options = options
        self.store = RunStore(options.runs)
        self.cores = options.cores or len(os.sched_getaffinity(0))
        self._cache = ResultCache(options.runs / ".cache", options.cache_bytes) if options.cache else None
        self._folder: EngineFolder | None = None
        self._started: Driver | None = None
        self._plans = Plans(self.cores)
        self._replanner: Replanner | None = None
        self._loaded: set[str] = set()
        self._step_back = StepBack()
        self._players = Players(self._unwatched)
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
        folder = self._folder = EngineFolder(self.options.runs)
        cores = 0 if self.options.broker else self.cores
        policies = self.options.policy, self.options.rungs
        driver = Driver(folder.path, folder.journal, cores, self._workers(folder), *policies)
        self._started = self._observed(driver)
        self._plans.follow(driver)
        await driver.fleet.start()
        if self.options.broker:
            self._replanner = Replanner(driver, self._plans.make)
            self._replanner.start()

    def _workers(self, folder: EngineFolder) -> FleetMaker:
        """Processes of this machine, or the workers at the broker, whose cores are those of the engine."""
        if not self.options.broker:
            return partial(LocalFleet, folder.path, self.cores + _SPARE_WORKERS)
        from murakkab.engine.celery_fleet import CeleryFleet

        told = self._busy, self._waiting, lambda reason, run: self._driver.delayed(reason, run)
        return partial(CeleryFleet, self.options.broker, self.options.store, *told)

    def _observed(self, driver: Driver) -> Driver:
        """The driver, with all that watches it; spans are made where the environment says where to send them."""
        driver.observers = [make(driver) for make in self.options.observers]
        if any(os.environ.get(name) for name in ENDPOINTS):
            from murakkab.telemetry.tracing import engine_spans

            driver.observers += filter(None, [engine_spans()])
        return driver

    def _waiting(self) -> list[Waiting]:
        from murakkab.engine.waiting import waiting

        return waiting(self._driver.scheduler, self.now())

    def workers(self) -> list[AtWork]:
        """All workers, whether they are at something, and the models that they hold."""
        return self._driver.scheduler.workers()

    def _busy(self) -> bool:
        return self._started is not None and bool(self._started.live)

    async def close(self) -> None:
        """Cancel what runs, stop the workers, close the journal, and trim the cache."""
        if self._replanner is not None:
            self._replanner.close()
        self._players.close()
        self._plans.close()
        if self._started is not None:
            await self._started.close()
        if self._folder is not None:
            self._folder.close()
        if self._cache is not None:
            await asyncio.to_thread(self._cache.trim)

    async def expect(self, workflow: Workflow) -> None:
        """Load the models that runs of a workflow need, before the first one is asked for.

        Raises:
            UserError: a node has no usable model.
        """
        from murakkab.language import check_inputs, compile_graph

        graph = compile_graph(workflow, check_inputs(workflow, {}))
        plan = await self._plans.make(graph, {})
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
        graph, asked = request.graph, time.monotonic()
        check_secrets(graph)
        pins = planning.parse_pins(request.use, graph)
        plan = request.plan or await self._plans.make(graph, pins)
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
            use=list(request.use),
            plan_given=request.plan is not None,
        )
        began = request.requested_at or self.now() - (time.monotonic() - asked)
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
        event = await asyncio.to_thread(committed, self.store.folder(run))
        graph = await asyncio.to_thread(renew_functions, event.graph, self.store.folder(run) / "artifacts")
        event = msgspec.structs.replace(event, graph=graph)
        planning.check_models(event.plan)
        record.status, record.error = "running", ""
        check_secrets(event.graph)
        pins = None if record.plan_given else planning.parse_pins(record.use, event.graph)
        self._begin(event, record, self.now(), pins)
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
            self._players.heard(run)
            live.playback(said, self.now())
            self._driver.apply(ev.PlaybackMoved(run, said.position_s, said.stall_s, said.rate))
        else:
            self.store.played(run, said)

    def _unwatched(self, run: str) -> None:
        if self._live(run) is not None:
            self._driver.apply(ev.PlaybackLeft(run))

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
        cold, pace = not slow <= self._loaded, self._driver.fleet.pace()
        live = LiveRun(self.store, record, event.graph, event.plan, began, results, cold=cold, pace=pace)
        self._loaded |= slow
        self.store.save(record)
        self._driver.add(live)
        if self._replanner is not None:
            self._replanner.watch(record.run, pins)
        live.begins(self.now(), resumed=isinstance(event, ev.RunResumed))
        self._driver.apply(event)

    def _live(self, run: str) -> LiveRun | None:
        return self._started.live.get(run) if self._started is not None else None

    @property
    def _driver(self) -> Driver:
        if self._started is None:
            raise RuntimeError("the engine was not started")
        return self._started
