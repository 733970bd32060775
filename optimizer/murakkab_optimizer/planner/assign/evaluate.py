"""What an assignment gives: the streaming critical path, work shared by instances, rent and energy.

Times. A step begins when the first items that it needs are there (all of them, where it needs the whole). Its first
item is there ``first_s`` later. Its ``n`` tasks keep ``r`` instances busy for ``ceil(n / r)`` rounds, and its last task
cannot begin before the last items that it needs are there. All is done when the last step is, and not before every pool
and the processor cores could have done their work.

Rent. Accelerators are held from the beginning to the end (``billing: held``), in whole servers, or paid for while they
work (``used``); a new instance works while it is loaded. Cores are shared and paid for while they work. A spot device
that is taken away loses half of what it was at on average, and is loaded again.

Energy. A device at work draws what its profile says; one that is held and idle its idle power.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.planner.assign.nouns import SLACK, Assignment, Candidate, Outcome, Pool, Problem, Step
from murakkab_optimizer.planner.assign.pace import Timed, keeps_pace, starts_at_once

SECONDS_PER_HOUR = 3600.0


def task_seconds(problem: Problem, candidate: Candidate) -> float:
    """Seconds of a task, with what is lost to evictions of spot devices on average."""
    offer = problem.cluster.offers[candidate.offer]
    rate = (offer.device.evictions_per_hour or 0.0) / SECONDS_PER_HOUR if offer.spot else 0.0
    return candidate.task_s * (1.0 + rate * max(candidate.devices, 1) * (candidate.task_s / 2 + candidate.load_s))


def instances_at_most(problem: Problem, step: Step, candidate: Candidate) -> int:
    """Instances that a step can make use of: what there are devices for, and no more than it has tasks."""
    count = problem.cluster.offers[candidate.offer].count
    most = count // candidate.devices if candidate.devices else step.tasks
    return max(min(most, 1 if step.serial else step.tasks), 1)


def busy_seconds(problem: Problem, step: Step, candidate: Candidate, instances: int) -> float:
    """Seconds that a step keeps its instances busy when all its input is there."""
    return math.ceil(step.tasks / (1 if step.serial else instances)) * task_seconds(problem, candidate)


def first_seconds(problem: Problem, candidate: Candidate) -> float:
    """Seconds from the start of a task to its first item."""
    task_s = task_seconds(problem, candidate)
    return min(candidate.first_s or task_s, task_s)


def evaluate(problem: Problem, assignment: Assignment) -> Outcome:
    """What an assignment gives; whether it keeps the limits is asked of ``violations``."""
    chosen = [(s, s.candidates[use.candidate], use.instances) for s, use in zip(problem.steps, assignment, strict=True)]
    begins: dict[str, float] = {}
    firsts: dict[str, float] = {}
    ends: dict[str, float] = {}
    pools: dict[Pool, int] = defaultdict(int)
    work: dict[Pool, float] = defaultdict(float)
    for step, candidate, instances in chosen:
        name, task_s = step.name, task_seconds(problem, candidate)
        begins[name] = max(((ends if need.whole else firsts)[need.step] for need in step.needs), default=0.0)
        firsts[name] = begins[name] + first_seconds(problem, candidate)
        last = max((ends[need.step] + task_s for need in step.needs), default=0.0)
        ends[name] = max(begins[name] + busy_seconds(problem, step, candidate, instances), last)
        pools[candidate.pool] = max(pools[candidate.pool], instances)
        work[candidate.pool] += step.tasks * task_s
    core_s = sum(work[pool] * pool[2] for pool in pools if _shared(problem, pool))
    cores = problem.cluster.cores
    capacity = [work[pool] / count for pool, count in pools.items() if not _shared(problem, pool)]
    latency = max([*ends.values(), *capacity, core_s / cores if cores else 0.0], default=0.0)
    first = firsts.get(problem.shown, 0.0)
    wait = max(first, ends[problem.shown] - problem.video_s) if problem.limits.realtime and problem.shown else first
    quality = math.prod(c.quality / best if (best := best_quality(s)) else 1.0 for s, c, _ in chosen)
    devices = tuple(_used(problem, pools, index) for index in range(len(problem.cluster.offers)))
    loads, memory = _of_pools(chosen)
    return Outcome(
        ttff_s=wait,
        first_s=first,
        latency_s=latency,
        cost_usd=_cost(problem, pools, work, devices, loads, latency),
        energy_wh=_energy(problem, chosen, devices, latency),
        quality=quality,
        load=core_s / problem.video_s if problem.video_s else 0.0,
        devices=devices,
        memory_mb=sum(memory[pool] * (1 if _shared(problem, pool) else count) for pool, count in pools.items()),
    )


def best_quality(step: Step) -> float:
    """The quality of the best candidate of a step."""
    return max(candidate.quality for candidate in step.candidates)


def violations(problem: Problem, assignment: Assignment, outcome: Outcome, slack: float = SLACK) -> Iterator[str]:
    """Names of what is not kept: promises, ``realtime``, ``cores``, ``memory``, ``devices``, ``ties``."""
    limits, cluster = problem.limits, problem.cluster
    tops = {
        "ttff": (outcome.ttff_s, limits.ttff_s),
        "latency": (outcome.latency_s, limits.latency_s),
        "cost": (outcome.cost_usd, limits.cost_usd),
        "energy": (outcome.energy_wh, limits.energy_wh),
        "quality": (-outcome.quality, -limits.quality),
    }
    yield from (name for name, (value, most) in tops.items() if value > most + slack * max(1.0, abs(most)))
    if starts_at_once(problem) and not keeps_pace(problem, _timed(problem, assignment), slack):
        yield "realtime"
    if limits.realtime and outcome.load > cluster.cores * (1 - problem.reserve) + slack:
        yield "cores"
    if cluster.memory_mb and outcome.memory_mb > cluster.memory_mb + slack:
        yield "memory"
    if any(used > offer.count for used, offer in zip(outcome.devices, cluster.offers, strict=True)):
        yield "devices"
    picks = {step.name: use.candidate for step, use in zip(problem.steps, assignment, strict=True)}
    if any(picks[tie.step] in tie.when and picks[tie.other] not in tie.then for tie in problem.ties):
        yield "ties"


def _timed(problem: Problem, assignment: Assignment) -> list[Timed]:
    timed = []
    for step, use in zip(problem.steps, assignment, strict=True):
        candidate = step.candidates[use.candidate]
        busy_s = busy_seconds(problem, step, candidate, use.instances)
        seconds = (busy_s, task_seconds(problem, candidate), first_seconds(problem, candidate))
        timed.append(Timed(step, candidate.pool, use.instances, *seconds))
    return timed


def _of_pools(chosen: list[tuple[Step, Candidate, int]]) -> tuple[dict[Pool, float], dict[Pool, float]]:
    """Seconds to load an instance of each pool, and its memory: the largest of the candidates that share it."""
    loads: dict[Pool, float] = defaultdict(float)
    memory: dict[Pool, float] = defaultdict(float)
    for _, candidate, _ in chosen:
        loads[candidate.pool] = max(loads[candidate.pool], candidate.load_s)
        memory[candidate.pool] = max(memory[candidate.pool], candidate.memory_mb)
    return loads, memory


def _shared(problem: Problem, pool: Pool) -> bool:
    return problem.cluster.offers[pool[1]].device.kind == "cpu"


def _used(problem: Problem, pools: dict[Pool, int], index: int) -> int:
    mine = {pool: count for pool, count in pools.items() if pool[1] == index}
    if problem.cluster.offers[index].device.kind == "cpu":
        return max((pool[2] for pool in mine), default=0)
    return sum(pool[2] * count for pool, count in mine.items())


def _cost(
    problem: Problem,
    pools: dict[Pool, int],
    work: dict[Pool, float],
    devices: tuple[int, ...],
    loads: dict[Pool, float],
    latency: float,
) -> float:
    total = 0.0
    for index, (offer, used) in enumerate(zip(problem.cluster.offers, devices, strict=True)):
        if offer.device.kind == "gpu" and problem.cluster.billing == "held":
            total += offer.rented(used) * offer.price * latency
        else:
            mine = [pool for pool in pools if pool[1] == index]
            total += sum(work[pool] * pool[2] for pool in mine) * offer.price
        total += offer.price * sum(
            pool[2] * loads[pool] * max(count - problem.held.get(pool, 0), 0)
            for pool, count in pools.items()
            if pool[1] == index and offer.device.kind == "gpu"
        )
    return total / SECONDS_PER_HOUR


def _energy(
    problem: Problem, chosen: list[tuple[Step, Candidate, int]], devices: tuple[int, ...], latency: float
) -> float:
    held = problem.cluster.billing == "held"
    joules = 0.0
    for step, candidate, _ in chosen:
        joules += work_joules(problem, step, candidate)
    if held:
        joules += sum(
            idle_watts(offer) * offer.rented(used) * latency
            for offer, used in zip(problem.cluster.offers, devices, strict=True)
        )
    return joules / SECONDS_PER_HOUR


def work_joules(problem: Problem, step: Step, candidate: Candidate) -> float:
    """Energy of the tasks of a step; where devices are held, what they draw above their idle power."""
    idle = idle_watts(problem.cluster.offers[candidate.offer]) * candidate.devices
    draws = max(candidate.power_w - idle, 0.0) if problem.cluster.billing == "held" else candidate.power_w
    return step.tasks * task_seconds(problem, candidate) * draws


def idle_watts(offer: Offer) -> float:
    """Watts of one device that is held and does nothing; cores are not held."""
    return offer.device.idle_w if offer.device.kind == "gpu" else 0.0
