"""Models are loaded before the first run asks for them."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from murakkab.engine import Engine
from murakkab.engine.planning import make_plan, parse_pins
from tests.engine.conftest import SUMS, workflow
from tests.engine.test_faults import with_engine
from tests.engine.test_held import FORMATS


def test_models_that_are_expected_are_planned_beside_the_loop_and_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planners = []

    def noting(*what: Any) -> object:
        planners.append(threading.current_thread())
        return make_plan(*what)

    async def scenario(made: Engine) -> None:
        await made.expect(workflow(SUMS, tmp_path))
        assert len(planners) == 1
        assert planners[0] is not threading.current_thread()
        async with asyncio.timeout(30):
            while not any("toy-double" in worker.models for worker in made._driver.scheduler.workers()):
                await asyncio.sleep(0.02)

    monkeypatch.setattr("murakkab.engine.plans.make_plan", noting)
    with_engine(tmp_path, scenario)


def test_a_model_that_is_expected_is_loaded_in_the_settings_of_its_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rounded(graph: Any, threads: int, pins: object, *more: Any) -> object:
        return make_plan(graph, threads, parse_pins(["own.format=round", "round.format=round"], graph), *more)

    async def scenario(made: Engine) -> None:
        loads = []
        monkeypatch.setattr(made._driver.fleet, "load", lambda worker, request: loads.append(request))
        await made.expect(workflow(FORMATS, tmp_path))
        async with asyncio.timeout(30):
            while not loads:
                await asyncio.sleep(0.02)
        assert {(load.card.name, load.knobs["format"]) for load in loads} == {("toy-format", "round")}

    monkeypatch.setattr("murakkab.engine.plans.make_plan", rounded)
    with_engine(tmp_path, scenario)
