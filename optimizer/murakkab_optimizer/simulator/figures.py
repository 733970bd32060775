"""What a simulation comes to: start, stalls, time, promises kept, cost and energy of every run, and of all of them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from murakkab_optimizer.graph import Path, Slo
from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.scheduler.commands import MakeShot, Publish
from murakkab_optimizer.simulator.bill import SECONDS_PER_HOUR, cost, energy
from murakkab_optimizer.simulator.nouns import Job, Recorded, Span

UNFINISHED = "unfinished"
"""Status of a run that neither succeeded nor failed: nothing can go on, or its simulation was stopped."""


class RunFigures(msgspec.Struct, frozen=True):
    """One run. Times are in seconds from its submission; None where there is nothing to tell.

    Attributes:
        kept: whether it succeeded and kept its promises of time: first item, real time, latency.
        quality: as the plan expects it, and of the shots that were made on other rungs as much more or less.
        cost_usd: of the devices; None where they have no price.
        energy_wh: estimated from the power of the devices at full work; None where nobody knows it.
        rungs: by rung, share of the show that was made on it; empty where a plan has none.
        planned_s: until the first shot is shown that is as good as planned; the first item may be a lesser one.

    """

    run: str
    status: str
    ttff_s: float | None
    stall_s: float
    makespan_s: float | None
    kept: bool
    quality: float | None = None
    cost_usd: float | None = None
    energy_wh: float | None = None
    rungs: dict[str, float] = {}
    planned_s: float | None = None


class Quantiles(msgspec.Struct, frozen=True):
    """Median and 99th percentile of runs."""

    p50: float
    p99: float


class Figures(msgspec.Struct, frozen=True):
    """All runs.

    Attributes:
        goodput: share of the runs that kept their promises.
        kept_per_hour: runs an hour that kept them.
        ttff_s, stall_s, makespan_s, quality, cost_usd, energy_wh: over the runs that have one; a viewer whose run is
            not finished waits without end.

    """

    runs: tuple[RunFigures, ...]
    goodput: float
    kept_per_hour: float
    ttff_s: Quantiles | None
    stall_s: Quantiles | None
    makespan_s: Quantiles | None
    quality: Quantiles | None
    cost_usd: Quantiles | None
    energy_wh: Quantiles | None


def figures(jobs: Sequence[Job], record: Recorded, cluster: Cluster | None = None) -> Figures:
    """Sum a simulation up; cost and energy need to know the cluster."""
    spans: dict[str, list[Span]] = {job.run: [] for job in jobs}
    for span in record.spans:
        if span.run in spans:
            spans[span.run].append(span)
    told = _told(record)
    runs = tuple(_run(job, record, told[job.run], spans[job.run], cluster) for job in jobs)
    kept = sum(run.kept for run in runs)
    last = max((end.at_s for end in record.ends.values()), default=0.0)
    return Figures(
        runs,
        goodput=kept / len(runs) if runs else 0.0,
        kept_per_hour=kept / last * SECONDS_PER_HOUR if last else 0.0,
        ttff_s=quantiles(run.ttff_s for run in runs),
        stall_s=quantiles(run.stall_s for run in runs if run.ttff_s is not None and run.status != UNFINISHED),
        makespan_s=quantiles(run.makespan_s for run in runs),
        quality=quantiles(run.quality for run in runs),
        cost_usd=quantiles(run.cost_usd for run in runs),
        energy_wh=quantiles(run.energy_wh for run in runs),
    )


def quantiles(values: Iterable[float | None]) -> Quantiles | None:
    """Median and 99th percentile (nearest rank) of the values that are there."""
    found = sorted(value for value in values if value is not None)
    if not found:
        return None
    return Quantiles(*(found[max(math.ceil(len(found) * share) - 1, 0)] for share in (0.5, 0.99)))


class _Told(msgspec.Struct):
    """What the kernel said of a run: each shot as it was made at last, and when each item was shown."""

    shots: dict[Path, MakeShot]
    shown: list[tuple[float, Path]]


def _told(record: Recorded) -> defaultdict[str, _Told]:
    """By run, in one pass."""
    told = defaultdict[str, _Told](lambda: _Told({}, []))
    for now, _, commands in record.log:
        for one in commands:
            if isinstance(one, MakeShot):
                told[one.run].shots[one.path] = one
            elif isinstance(one, Publish):
                told[one.run].shown.append((now, one.path))
    return told


def _run(job: Job, record: Recorded, told: _Told, spans: Sequence[Span], cluster: Cluster | None) -> RunFigures:
    show, end = record.shows.get(job.run), record.ends.get(job.run)
    first = None if show is None or show.first_s is None else show.first_s - job.at_s
    stall = 0.0 if show is None else show.stall_s
    shots = told.shots if job.plan.rungs else {}
    makespan = None if end is None or end.status != "succeeded" else end.at_s - job.at_s
    return RunFigures(
        job.run,
        UNFINISHED if end is None else end.status,
        first,
        stall,
        makespan,
        kept=makespan is not None and keeps(job.graph.slo, first, stall, makespan),
        quality=_quality(job, shots),
        cost_usd=None if cluster is None or makespan is None else cost(cluster, job, record.holdings, spans, makespan),
        energy_wh=None if cluster is None else energy(cluster, spans),
        rungs=_shares(shots),
        planned_s=_planned_s(job, told) if shots else None,
    )


def _quality(job: Job, shots: Mapping[Path, MakeShot]) -> float | None:
    planned = next((p.value for p in job.plan.predictions if p.name == "quality"), None)
    seconds = sum(shot.seconds for shot in shots.values())
    if planned is None or not seconds:
        return planned
    mean = sum(shot.quality * shot.seconds for shot in shots.values()) / seconds
    return planned * mean / job.plan.rungs[job.plan.start].quality


def _shares(shots: Mapping[Path, MakeShot]) -> dict[str, float]:
    """By rung, the best first, its share of the seconds of the show."""
    whole = sum(shot.seconds for shot in shots.values())
    shares: dict[str, float] = {}
    for shot in sorted(shots.values(), key=lambda shot: shot.index):
        shares[shot.rung] = shares.get(shot.rung, 0.0) + shot.seconds / whole
    return shares


def _planned_s(job: Job, told: _Told) -> float | None:
    """When the first shot is shown that is on the rung of the plan, or a better one."""
    good = {path for path, shot in told.shots.items() if shot.index <= job.plan.start}
    return next((now - job.at_s for now, path in told.shown if not good.isdisjoint(_beginnings(path))), None)


def _beginnings(path: Path) -> Iterator[Path]:
    return (path[:length] for length in range(len(path) + 1))


def keeps(slo: Slo, ttff_s: float | None, stall_s: float, makespan_s: float) -> bool:
    """Whether a run kept its promises of time; those in words (``good``) are the planner's."""
    if slo.ttff_s is not None and (ttff_s is None or ttff_s > slo.ttff_s):
        return False
    if slo.realtime and stall_s > 0.0:
        return False
    return not isinstance(slo.latency, int | float) or makespan_s <= slo.latency
