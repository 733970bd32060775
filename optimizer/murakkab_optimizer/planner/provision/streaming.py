"""What a plan gives if stages overlap: each hands on what it has made, and all work at the same time.

The published model adds the stages up. In a stream, stage ``m`` shows its first chunk ``first_s`` after the stages
before it did, and then works at its own pace: all its work lasts ``t``, so the last chunk leaves it no earlier than
``t - first_s`` later than the first. With equal chunks the slowest stage sets the pace of all behind it (a max-plus
pipeline)::

    total_s = first_chunk_s + max over models of (t - first_s)

All devices are held for that time. What this leaves out: chunks of different lengths, and stages that begin before the
script's first scene is whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from murakkab_optimizer.planner.provision.evaluate import by_model, model_time, outcome, rent
from murakkab_optimizer.planner.provision.nouns import (
    Goal,
    Instances,
    Job,
    NoProvisioningError,
    Offers,
    Option,
    Outcome,
    Provisioning,
)
from murakkab_optimizer.planner.provision.pricing import Columns, Fixed, Floats
from murakkab_optimizer.planner.provision.space import Model, Space

PACES = 16
"""Paces that are tried."""


def evaluate_streamed(job: Job, option: Option, offers: Offers, instances: Iterable[Instances]) -> Outcome:
    """What the instances give if stages overlap.

    Raises:
        ValueError: as ``evaluate``.

    """
    groups = by_model(option, instances)
    times = [model_time(g) for g in groups.values()]
    first = sum(f for _, f in times)
    last = max(t - f for t, f in times)
    return outcome(job, first + last, first, rent(offers, [group for g in groups.values() for group in g]))


def plan_streamed(job: Job, offers: Offers, goal: Goal) -> Provisioning:
    """A plan of least cost if stages overlap.

    With a pace ``p``, the largest ``t - first_s`` allowed, each model needs the devices that keep it, and the least
    rent of servers is a mixed-integer program over configurations of at most two groups. Paces are tried in even
    ratios. Nothing is proved.

    Raises:
        NoProvisioningError: none was found that keeps what is asked for.
        ValueError: the goal is another one than cost.

    """
    if goal.objective != "cost":
        raise ValueError("plans with overlapping stages are made for the least cost only")
    space = Space(job, offers, goal)
    longest = min(space.longest, job.video_s + goal.ttff_s)
    best: Provisioning | None = None
    for pace in np.geomspace(longest / 50, longest, PACES):
        for number, models in enumerate(space.options):
            columns = [_keeping(model, float(pace), space) for model in models or ()]
            if not columns or not all(len(c) for c in columns):
                continue
            first = min(goal.ttff_s, job.video_s + goal.ttff_s - float(pace))
            picks = _cheapest(columns, space, first)
            instances = tuple(i for c, pick in zip(columns, picks, strict=False) for i in c.instances[pick])
            if not instances:
                continue
            found = evaluate_streamed(job, job.options[number], offers, instances)
            if found.keeps(goal) and (best is None or found.cost_usd < best.outcome.cost_usd):
                best = Provisioning(number, instances, found)
    if best is None:
        raise NoProvisioningError("no plan with overlapping stages was found that keeps what is asked for")
    return best


def _keeping(model: Model, pace: float, space: Space) -> Columns:
    """Configurations that keep a pace, on as few devices as can be."""
    none = np.zeros(len(space.devices))
    if isinstance(model, Fixed):
        found = model.near(none, none)
    else:
        needed = model.work / (pace + model.first[model.leader]) - model.lead_capacity
        least = np.maximum(np.ceil(needed / model.capacity[model.bulk]), 0.0)
        counts, pairs = (least[:, None] + np.arange(3)).ravel(), np.repeat(np.arange(len(least)), 3)
        found = model.columns_of(pairs, counts, none, np.full(len(model.entries), np.inf))
    found = found.take(np.flatnonzero(found.seconds - found.first <= pace))
    room = space.room.max(axis=0)
    kept = Columns(np.zeros(len(found)), found.first, found.devices, found.instances)
    return kept.undominated(room)


def _cheapest(columns: Sequence[Columns], space: Space, first: float) -> tuple[int, ...]:
    """One configuration of each model, so that the servers cost least and the first chunk is in time."""
    import highspy

    sizes = np.array([offer.device.server_size for offer in space.offers], dtype=float)
    of = np.repeat(np.arange(len(columns)), [len(c) for c in columns])
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in {"output_flag": False, "threads": 1, "mip_rel_gap": 0.005, "time_limit": 2.0}.items():
        highs.setOptionValue(name, value)
    picks = [highs.addBinary() for _ in of]
    servers = [
        highs.addIntegral(lb=0, ub=offer.servers, obj=p)
        for offer, p in zip(space.offers, space.prices * sizes, strict=True)
    ]
    for number in range(len(columns)):
        highs.addConstr(highs.qsum(picks[i] for i in np.flatnonzero(of == number)) == 1)
    devices = np.concatenate([c.devices for c in columns])
    for kind, server in enumerate(servers):
        used = highs.qsum(picks[i] * devices[i, kind] for i in np.flatnonzero(devices[:, kind]))
        highs.addConstr(used - server * sizes[kind] <= 0)
        highs.addConstr(used <= space.offers[kind].count)
    firsts: Floats = np.concatenate([c.first for c in columns])
    highs.addConstr(highs.qsum(p * f for p, f in zip(picks, firsts, strict=True)) <= min(first, 1e9))
    highs.run()
    if highs.getInfo().primal_solution_status != 2:
        return ()
    chosen = np.asarray(highs.getSolution().col_value)[: len(of)]
    return tuple(int(chosen[of == number].argmax()) for number in range(len(columns)))
