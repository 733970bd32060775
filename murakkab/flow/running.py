"""Makes a run of a workflow from Python."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from murakkab.engine import Engine, EngineOptions, UserError
from murakkab.language import Workflow, check_inputs

FAILED = 1


def make_run(
    workflow: Workflow,
    inputs: Mapping[str, Any],
    *,
    runs: str | Path = "runs",
    seed: int | None = None,
    use: Iterable[str] = (),
    llm: str | None = None,
) -> dict[str, Any]:
    """Make a run with an engine of its own and return its outputs; may be called inside a running event loop.

    Raises:
        InputProblem: an input does not fit.
        UserError: the run failed, or cannot be made here.
    """
    check_inputs(workflow, inputs)
    options = EngineOptions(runs=Path(runs), llm=llm)
    with ThreadPoolExecutor(1) as thread:
        finished = thread.submit(asyncio.run, _make(workflow, dict(inputs), options, seed, use)).result()
    if finished.get("status") != "succeeded":
        raise UserError(finished.get("error") or "the run ended without saying how", exit_code=FAILED)
    return dict(finished.get("outputs") or {})


async def _make(
    workflow: Workflow, inputs: dict[str, Any], options: EngineOptions, seed: int | None, use: Iterable[str]
) -> dict[str, Any]:
    engine = Engine(options)
    await engine.start()
    try:
        return await engine.wait(await engine.submit(workflow, inputs, seed=seed, use=use))
    finally:
        await engine.close()
