"""Makes a run from the command line: engine, page, progress, Ctrl-C and exit code."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from murakkab.cli.display import Sink, open_sinks
from murakkab.cli.faults import FAILED, INTERRUPTED, USAGE
from murakkab.cli.given_files import check_files
from murakkab.cli.interrupts import Interrupts
from murakkab.cli.page import Page
from murakkab.cli.requests import RunOptions
from murakkab.engine import Engine, EngineOptions, UserError
from murakkab.engine.resume import committed
from murakkab.language import InputProblem, Workflow, check_inputs, compile_graph
from murakkab_optimizer.plan import Plan

Event = dict[str, Any]
FINISHED = "run.finished"
_EXIT_CODES = {"succeeded": 0, "failed": FAILED, "cancelled": INTERRUPTED}


def perform(workflow: Workflow, inputs: dict[str, Any], options: RunOptions) -> int:
    """Make a run as the options say and return the exit code."""
    try:
        checked = check_inputs(workflow, inputs)
        check_given(workflow, checked)
        check_files(compile_graph(workflow, checked), checked)
    except InputProblem as fault:
        told = [f"--{name.replace('_', '-')}: {message}" for name, message in fault.messages.items()]
        raise UserError("\n".join(told), f"`murakkab run {workflow.name} --help` lists the inputs.") from None
    if options.plan is not None and options.use:
        raise UserError("--plan does not go with --use: the plan says what does each node", "Leave one of them out.")
    if options.server:
        from murakkab.cli.remote import make_there

        return run_loop(make_there(workflow, inputs, options))
    return run_loop(_make_here(workflow, inputs, options))


def run_loop(work: Coroutine[Any, Any, Event]) -> int:
    """Run ``work`` to its ``run.finished`` event and return the exit code."""
    try:
        finished = asyncio.run(work)
    except (asyncio.CancelledError, KeyboardInterrupt):
        return INTERRUPTED
    return exit_code(finished)


def exit_code(finished: Event) -> int:
    """Exit code of a ``run.finished`` event: bad input is bad usage."""
    if finished.get("status") == "failed" and finished.get("input_fault"):
        return USAGE
    return _EXIT_CODES.get(finished.get("status", ""), FAILED)


def check_given(workflow: Workflow, inputs: dict[str, Any]) -> None:
    """Refuse a run of a workflow that takes documents when all its texts and documents are empty."""
    types = {name: declared.type for name, declared in workflow.inputs.items()}
    words = [name for name, kind in types.items() if kind in ("text", "document")]
    if "document" not in types.values() or any(str(inputs[name] or "").strip() for name in words):
        return
    flags = ", ".join(f"--{name.replace('_', '-')}" for name in words)
    raise UserError("there is nothing to make something of", f"Give at least one of {flags}.")


async def _make_here(workflow: Workflow, inputs: dict[str, Any], options: RunOptions) -> Event:
    plan = planned(workflow, inputs, options)
    async with _session(options) as session:
        requested_at = options.requested_at
        if options.edit:
            from murakkab.cli.editing import edited_inputs

            inputs, requested_at = await edited_inputs(session, workflow, inputs, plan), None
        run = await session.engine.submit(
            workflow,
            inputs,
            seed=options.seed,
            plan=plan,
            use=options.use,
            requested_at=requested_at,
            cache=options.cache,
        )
        return await session.attend(run, stream="stream" in workflow.outputs)


def planned(workflow: Workflow, inputs: dict[str, Any], options: RunOptions) -> Plan | None:
    """The plan that the options name, which is refused where it cannot be followed; None where they name none."""
    if options.plan is None:
        return None
    from murakkab.cli.plan_again import predicted_again
    from murakkab.cli.plan_file import read_plan
    from murakkab.cli.plan_fit import check_fit

    if options.llm:
        os.environ["MURAKKAB_LLM_URL"] = options.llm
    file, cores = read_plan(options.plan), len(os.sched_getaffinity(0))
    graph = compile_graph(workflow, check_inputs(workflow, inputs))
    check_fit(file, options.plan, graph, cores)
    return predicted_again(file.plan, graph, cores)


async def resume_here(run: str, options: RunOptions) -> Event:
    """Go on with an interrupted run and return its last event."""
    async with _session(options) as session:
        stream = committed(session.engine.store.folder(run)).graph.publish is not None
        return await session.attend(await session.engine.resume(run), stream=stream)


@asynccontextmanager
async def _session(options: RunOptions) -> AsyncIterator[Session]:
    from murakkab.profiling import calibrate

    made = EngineOptions(
        options.runs,
        llm=options.llm,
        policy=options.policy,
        rungs=options.rungs,
        broker=options.broker,
        store=options.store,
    )
    engine = Engine(made)
    with Interrupts() as interrupts:
        page = Page(engine, options)
        try:
            await page.reserve()
            await engine.start()
            await calibrate.ready()
            yield Session(engine, page, interrupts, options)
        finally:
            try:
                await page.close()
            finally:
                await engine.close()


class Session:
    """A started engine with the page and the signals of one command."""

    def __init__(self, engine: Engine, page: Page, interrupts: Interrupts, options: RunOptions) -> None:
        self.engine, self.page, self.interrupts, self.options = engine, page, interrupts, options

    async def attend(self, run: str, *, stream: bool) -> Event:
        """Show a run until it ends, and stay while someone is still watching its stream; returns ``run.finished``."""
        if stream:
            await self.page.show(run)
        finished = await follow(
            self.engine.events(run), lambda: self.engine.cancel(run), self.interrupts, open_sinks(self.options)
        )
        if finished["status"] == "succeeded":
            with self.interrupts.cancelling(self.page.leave):
                await self.page.stay(run, finished.get("duration_s") or 0.0)
        return finished


async def follow(
    events: AsyncIterator[Event],
    cancel: Callable[[], Awaitable[None]],
    interrupts: Interrupts,
    sinks: list[Sink],
) -> Event:
    """Hand every event of a run to the sinks; Ctrl-C cancels the run once and then waits for its end.

    Raises:
        UserError: the events ended before the run did.
    """
    last: Event = {}
    with interrupts.cancelling(cancel):
        try:
            async for last in _without_old_ends(events):
                for sink in sinks:
                    sink.show(last)
        finally:
            for sink in sinks:
                sink.close()
    if last.get("event") != FINISHED:
        raise UserError(
            "the run ended without saying how", "Is the disk of its folder full? `murakkab doctor` tells.", FAILED
        )
    return last


async def _without_old_ends(events: AsyncIterator[Event]) -> AsyncIterator[Event]:
    """The events without each ``run.finished`` after which the run was resumed."""
    end: Event | None = None
    async for event in events:
        end = event if event["event"] == FINISHED else None
        if end is None:
            yield event
    if end is not None:
        yield end
