"""Keeps the plans of runs that are being made to the models that the workers have."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from murakkab.engine import planning
from murakkab.engine.errors import UserError
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.scheduler import Event
from murakkab_optimizer.scheduler import events as ev

if TYPE_CHECKING:
    from murakkab.engine.driver import Driver
    from murakkab.engine.run import LiveRun

LOOK_S = 0.5
"""Time between two looks. Workers come and go in groups: what two looks agree on counts."""

PATIENCE_S = 60.0
"""A run that cannot go on without a model which no worker has fails after this long."""

Planner = Callable[[Graph, Mapping[str, Pin]], Awaitable[Plan]]
"""Plans a graph with these pins, by what the workers have now; UserError where that is not possible."""


class Replanner:
    """Looks at all runs when the models that workers have changed.

    A step that has begun keeps its model as long as a worker has it: a voice does not change in mid-sentence. What has
    not begun takes what is best now. A plan that was given is never changed.

    Args:
        driver: of the runs.
        planner: makes plans.

    """

    def __init__(self, driver: Driver, planner: Planner) -> None:
        self._driver, self._planner = driver, planner
        self._pins: dict[str, Mapping[str, Pin] | None] = {}
        self._usable = self._seen = driver.fleet.models()
        self._unseen = False
        self._next: asyncio.TimerHandle | None = None
        self._job: asyncio.Task[None] | None = None
        self._doomed: dict[str, asyncio.TimerHandle] = {}

    def watch(self, run: str, pins: Mapping[str, Pin] | None) -> None:
        """Keep the plan of a run to the workers; ``pins`` is None where the plan was given."""
        self._pins[run], self._unseen = pins, True

    def start(self) -> None:
        """Look from now on."""
        self._next = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def close(self) -> None:
        """Look no more."""
        for waiting in (self._next, self._job, *self._doomed.values()):
            if waiting is not None:
                waiting.cancel()

    def _look(self) -> None:
        self.start()
        if self._job is not None and not self._job.done():
            return
        usable, self._seen = self._seen, self._driver.fleet.models()
        if usable and usable == self._seen and (self._unseen or usable != self._usable):
            self._unseen = False
            self._job = asyncio.create_task(self._follow(usable))

    async def _follow(self, usable: frozenset[str]) -> None:
        """Adapt all runs to what workers have now."""
        new, self._usable = usable - (self._usable or frozenset()), usable
        self._pins = {run: pins for run, pins in self._pins.items() if run in self._driver.live}
        for live in list(self._driver.live.values()):
            try:
                await self._adapt(live, usable, bool(new))
            except Exception as fault:
                self._driver.broke(live, fault)

    async def _adapt(self, live: LiveRun, usable: frozenset[str], more: bool) -> None:
        """Plan a run anew where a model left that it still needs, or where there are more to choose from."""
        run = live.record.run
        lost = sorted(node for node in self._open(live) if live.plan.nodes[node].chosen.model not in usable)
        if not lost:
            self._spare(run)
        if not lost and not more:
            return
        pins = self._pins.get(run)
        if pins is None:
            plan, obstacle = None, "its plan was given and is not changed"
        else:
            plan, obstacle = await self._planned_with(live, usable, pins)
        if run not in self._driver.live:
            return
        if plan is not None:
            self._spare(run)
            self._change(live, plan, lost)
        elif lost:
            self._wait(live, lost, obstacle)

    async def _planned_with(
        self, live: LiveRun, usable: frozenset[str], pins: Mapping[str, Pin]
    ) -> tuple[Plan | None, str]:
        """Plan beside the loop; once more when steps began meanwhile that the plan may do otherwise."""
        while True:
            kept = self._kept(live, usable)
            found = await self._planned(live.graph, _merged(kept, pins))
            if kept == self._kept(live, usable):
                return found

    async def _planned(self, graph: Graph, pins: Mapping[str, Pin]) -> tuple[Plan | None, str]:
        try:
            return await self._planner(graph, pins), ""
        except UserError as fault:
            return None, fault.message

    def _open(self, live: LiveRun) -> set[str]:
        """The steps of a run that may still have something to do, and need a model for it."""
        return self._driver.scheduler.unfinished(live.record.run) & live.plan.nodes.keys()

    def _kept(self, live: LiveRun, usable: frozenset[str]) -> dict[str, str]:
        """The steps that have begun, with what they use as long as a worker has it."""
        begun = {event["node"] for event in live.feed.events if event["event"] == "task.started"}
        chosen = {node: live.plan.nodes[node].chosen for node in begun & live.plan.nodes.keys()}
        return {node: one.model for node, one in chosen.items() if one.model in usable}

    def _change(self, live: LiveRun, plan: Plan, lost: list[str]) -> None:
        """Go on with another plan, where it differs in a step that is not over."""
        changes = list(_changes(live.plan, plan, self._open(live)))
        if not changes:
            return
        why = f"no worker has {_models(live.plan, lost)} any more" if lost else "workers that joined have better models"
        live.plan = plan
        live.cache.replan(plan)
        with contextlib.suppress(OSError):
            (live.folder / "plan.json").write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=2))
        nodes = planning.describe(live.graph, plan)
        live.feed.send("run.replanned", self._driver.now(), reason=why, changes=changes, nodes=nodes)
        event: Event = ev.PlanChanged(live.record.run, plan)
        self._driver.apply(event)

    def _wait(self, live: LiveRun, lost: list[str], obstacle: str) -> None:
        """Tell that a run waits for a worker, and fail it when none comes."""
        run, needed = live.record.run, _models(live.plan, lost)
        if run in self._doomed:
            return
        told = f"no worker has {needed}, which {', '.join(lost)} needs: {obstacle}"
        live.feed.send("run.waiting", self._driver.now(), reason=told, nodes=lost)
        later = asyncio.get_running_loop().call_later
        self._doomed[run] = later(PATIENCE_S, self._give_up, run, f"{told}; start a worker with it, then resume")

    def _give_up(self, run: str, reason: str) -> None:
        del self._doomed[run]
        if (live := self._driver.live.get(run)) is not None:
            self._driver.abort(live, reason)

    def _spare(self, run: str) -> None:
        if (timer := self._doomed.pop(run, None)) is not None:
            timer.cancel()


def _merged(kept: Mapping[str, str], pins: Mapping[str, Pin]) -> dict[str, Pin]:
    """What is kept, and above it what a person asked for."""
    begun = {node: Pin(model, pins[node].knobs if node in pins else {}) for node, model in kept.items()}
    return begun | {node: pin for node, pin in pins.items() if pin.model is not None or node not in kept}


def _models(plan: Plan, nodes: list[str]) -> str:
    return " and ".join(dict.fromkeys(plan.nodes[node].chosen.model for node in nodes))


def _changes(before: Plan, after: Plan, nodes: set[str]) -> Iterator[dict[str, str]]:
    """The steps whose model changes."""
    for node in sorted(nodes):
        old, new = before.nodes[node].chosen.model, after.nodes[node].chosen.model
        if old != new:
            yield {"node": node, "before": old, "after": new}
