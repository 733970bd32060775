"""Whether a show keeps its pace, whenever it starts.

Where ``realtime`` is promised and no time to the first item, the show starts with its first item. To compare the clock
of the last item with that of the first is then not enough: whatever delays the first one would seem to help. So each
way that items take to the screen is judged by itself, as if nothing else delayed them.

*Pace*: a step that makes its items one after the other takes no longer for all of them (work over instances) than the
show lasts, nor do all such steps of a shared pool of accelerators. A step whose instances do all its tasks at once has
no pace: it hands everything over together.

*Spread*: seconds from the first item of a step to its last one where only the steps on its way delay either. That of
the shown step is no longer than the show. It is never less than what the clock says.

Both grow with every candidate that becomes slower, all its times in the same ratio.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from murakkab_optimizer.planner.assign.nouns import INFINITE, Pool, Problem, Step


class Timed(NamedTuple):
    """A step with its chosen candidate.

    Attributes:
        step: which.
        pool: of the candidate.
        instances: that the step uses.
        busy_s: seconds that they are busy with all its tasks.
        task_s: seconds of a task.
        first_s: seconds to the first item of a task.

    """

    step: Step
    pool: Pool
    instances: int
    busy_s: float
    task_s: float
    first_s: float

    @property
    def paced_s(self) -> float:
        """Seconds of work that one instance would have with the items; 0 where all tasks are done at once."""
        return self.step.tasks * self.task_s if self.busy_s > self.task_s else 0.0


def starts_at_once(problem: Problem) -> bool:
    """Whether the show must start with its first item and never wait."""
    return problem.limits.realtime and bool(problem.shown) and problem.limits.ttff_s == INFINITE


def feeding(problem: Problem) -> frozenset[str]:
    """Names of the steps whose items reach the screen as they come: nothing on their way waits for all of them."""
    found = {problem.shown}
    for step in reversed(problem.steps):
        if step.name in found:
            found |= {need.step for need in step.needs if not need.whole}
    return frozenset(found)


def keeps_pace(problem: Problem, timed: Sequence[Timed], slack: float) -> bool:
    """Whether steps, pools of accelerators and the way to the screen keep the pace of the show."""
    names = feeding(problem)
    fed = [each for each in timed if each.step.name in names]
    if spread(problem, fed) > problem.video_s + slack:
        return False
    if any(each.paced_s > problem.video_s * each.instances + slack for each in fed):
        return False
    return all(work <= problem.video_s * count + slack for work, count in _pools(problem, timed, fed))


def spread(problem: Problem, fed: Sequence[Timed]) -> float:
    """Seconds from the first shown item to the last one where only the steps on its way delay either."""
    spreads: dict[str, float] = {}
    for each in fed:
        behind = max((spreads[need.step] for need in each.step.needs if not need.whole), default=0.0)
        spreads[each.step.name] = max(each.busy_s, behind + each.task_s) - each.first_s
    return spreads[problem.shown]


def _pools(problem: Problem, timed: Sequence[Timed], fed: Sequence[Timed]) -> Iterator[tuple[float, int]]:
    """Seconds of work with items of each pool of accelerators, and its instances."""
    work: dict[Pool, float] = defaultdict(float)
    for each in fed:
        if problem.cluster.offers[each.pool[1]].device.kind == "gpu":
            work[each.pool] += each.paced_s
    for pool, seconds in work.items():
        yield seconds, max(each.instances for each in timed if each.pool == pool)
