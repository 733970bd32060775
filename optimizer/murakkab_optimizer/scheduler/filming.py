"""How good shots are made, across all runs: who decides, what a show counts on, what is done for want of instances."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from murakkab_optimizer.graph import Path
from murakkab_optimizer.policies.rungs import rung_policy
from murakkab_optimizer.scheduler.commands import MakeShot
from murakkab_optimizer.scheduler.runs import RunState
from murakkab_optimizer.scheduler.shots import Shots
from murakkab_optimizer.scheduler.stages import StagedShots
from murakkab_optimizer.scheduler.state import Status, TaskState
from murakkab_optimizer.scheduler.workers import Fleet

_UNTOUCHED = (Status.WAITING, Status.READY, Status.BACKOFF)


class Filming:
    """The rungs of the shots of all runs.

    Args:
        policy: name of the rung policy.
        fleet: whose cores and instances they share.

    Attributes:
        demand: core-seconds that the shows which are watched take for a second.

    """

    def __init__(self, policy: str, fleet: Fleet) -> None:
        self._policy = rung_policy(policy)
        self._fleet = fleet
        self._shows = 0
        self.demand = 0.0
        self._held: dict[str, dict[TaskState, float]] = {}

    def decide(self, state: RunState, task: TaskState, now: float) -> MakeShot | None:
        """Choose the rung of a shot whose first task starts; None where it was chosen and holds, or there is none."""
        assert state.shots is not None
        shot = state.shots.undecided(task.node.name, task.path)
        if shot is None:
            outgrown = state.shots.outgrown(task.node.name, task.path)
            return self.eased(state, task, now) if outgrown else None
        made = state.shots.decide(shot, self._policy, now, self._counts_on(state))
        self.weigh(state)
        return made

    def weigh(self, state: RunState) -> None:
        """Count what a show that is watched takes of the cores, at the rate at which it is played."""
        counts = not state.ended and state.clock.watched
        demand = state.shots.demand * state.clock.rate if state.shots is not None and counts else 0.0
        self._shows += (demand > 0) - (state.demand > 0)
        self.demand += demand - state.demand
        state.demand = demand

    def eased(self, state: RunState, task: TaskState, now: float) -> MakeShot | None:
        """Put the shot of a task that did not fit into its device on a lower rung; None where there is none."""
        shots, node = state.shots, task.node.name
        shot = state.clock.shot(node, task.path) if shots is not None else None
        if shots is None or shot is None:
            return None
        begun = _begun(state, shots, shot[1]) if isinstance(shots, StagedShots) else ()
        return shots.eased(node, shot[1], [name for name in begun if name != node], now)

    def follow(self, state: RunState, now: float) -> Iterator[MakeShot]:
        """Find other rungs for shots which cannot go on as they were begun, since the plan of the run has changed."""
        if (shots := state.shots) is not None:
            yield from shots.follow(lambda path: _begun(state, shots, path), now)
        self.weigh(state)

    def held_until(self, state: RunState, task: TaskState, now: float) -> float | None:
        """Until when a task had better wait for an instance that is not there; None where it need or must not wait."""
        shots, shot = _missed(state, task)
        if shots is None:
            return None
        at = state.clock.deadline(task.node.name, task.path) - shots.resort_s(shot, _begun(state, shots, shot))
        if at <= now:
            return None
        self._held.setdefault(state.run, {})[task] = at
        return at

    def waited(self, state: RunState, task: TaskState) -> bool:
        """Whether a task whose time has come waited for an instance; it waits for it no more."""
        return self._held.get(state.run, {}).pop(task, None) is not None

    def resort(self, state: RunState, task: TaskState, now: float) -> MakeShot | None:
        """Put the shot of a task that cannot wait any longer on a rung that can be made with what is there."""
        shots, shot = _missed(state, task)
        return shots.lowered(shot, _begun(state, shots, shot), now, "there is no instance for more") if shots else None

    def forget(self, state: RunState) -> None:
        """A run has ended."""
        self._held.pop(state.run, None)
        self.weigh(state)

    def freed(self, state: RunState) -> list[TaskState]:
        """Tasks that waited for an instance and need not any more."""
        held = self._held.pop(state.run, {})
        waiting = (task for task, at in held.items() if task.status is Status.BACKOFF and task.due == at)
        return sorted(waiting, key=lambda task: (task.path, task.node.name))

    def review(self, state: RunState, now: float, *, rising: bool) -> Iterator[MakeShot]:
        """Look at the shots of a run again after instances were lost, or (``rising``) came."""
        if isinstance(state.shots, StagedShots):
            shots = state.shots
            self._counts_on(state)
            yield from shots.review(lambda path: _begun(state, shots, path), now, rising=rising)

    def _counts_on(self, state: RunState) -> float:
        """Cores that a run may count on: what the others leave, and an equal share at least."""
        cores = self._fleet.cores
        mine = max(cores - (self.demand - state.demand), cores / max(self._shows, 1))
        if isinstance(state.shots, StagedShots):
            state.shots.counts_on(cores, min(mine / max(cores, 1), 1.0))
        return mine


def _missed(state: RunState, task: TaskState) -> tuple[StagedShots | None, Path]:
    """The shots of a run and the one of a task, where there is no instance for what the task is to be done with."""
    shots, node = state.shots, task.node.name
    if not isinstance(shots, StagedShots) or not shots.missed(node, task.path):
        return None, ()
    shot = state.clock.shot(node, task.path)
    return (None, ()) if shot is None else (shots, shot[1])


def _begun(state: RunState, shots: Shots, path: Path) -> Collection[str]:
    """Stages of a shot that are under way or done."""
    tasks = ((name, state.growth.nodes[name].tasks.get(path)) for name in shots.nodes)
    return {name for name, task in tasks if task is not None and task.status not in _UNTOUCHED}
