"""Plans for the workers that an engine has, made beside its loop: no event waits for the planner."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from murakkab.engine.here import There
from murakkab.engine.planning import make_plan
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Pin, Plan

if TYPE_CHECKING:
    from murakkab.engine.driver import Driver


class Plans:
    """Makes one plan after the other: two at once would take each other's time, and the second is often the first.

    Args:
        cores: threads that tasks may use together until there are workers.

    """

    def __init__(self, cores: int) -> None:
        self._cores = cores
        self._driver: Driver | None = None
        self._thread = ThreadPoolExecutor(1, "plans")

    def follow(self, driver: Driver) -> None:
        """Plan for the workers of a driver from now on; while all are gone, as for this machine until some come."""
        self._driver = driver

    async def make(self, graph: Graph, pins: Mapping[str, Pin]) -> Plan:
        """Plan a graph.

        Raises:
            UserError: as ``make_plan``.
        """
        planned = partial(make_plan, graph, self._threads(), pins, self._there())
        return await asyncio.get_running_loop().run_in_executor(self._thread, planned)

    def close(self) -> None:
        """Make no more plans."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _threads(self) -> int:
        """Threads that tasks may use together; while all workers are gone, as many as there were."""
        if self._driver is not None:
            self._cores = self._driver.scheduler.cores or self._cores
        return self._cores

    def _there(self) -> There | None:
        if self._driver is None or not (models := self._driver.fleet.models()):
            return None
        fleet = self._driver.fleet
        return There(models, tuple(fleet.accelerators()), tuple(sorted(fleet.pace().items())), fleet.packages())
