"""What a simulation comes to: start, stalls, time, promises kept, cost and energy of every run, and of all of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from murakkab_optimizer.graph import Slo
from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.scheduler.commands import MakeShot
from murakkab_optimizer.simulator.nouns import Job, Recorded, Span

SECONDS_PER_HOUR = 3600.0
JOULES_PER_WH = 3600.0


class RunFigures(msgspec.Struct, frozen=True):
    """One run. Times are in seconds from its submission; None where there is nothing to tell.

    Attributes:
        kept: whether it succeeded and kept its promises of time: first item, real time, latency.
        quality: as the plan expects it, and of the shots that were made on other rungs as much more or less.
        cost_usd: of the devices; None where they have no price.
        energy_wh: estimated from the power of the devices at full work; None where nobody knows it.

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


class Quantiles(msgspec.Struct, frozen=True):
    """Median and 99th percentile of runs."""

    p50: float
    p99: float


class Figures(msgspec.Struct, frozen=True):
    """All runs.

    Attributes:
        goodput: share of the runs that kept their promises.
        kept_per_hour: runs an hour that kept them.
        ttff_s, stall_s, makespan_s, quality, cost_usd, energy_wh: over the runs that have one.

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
    runs = tuple(_run(job, record, spans[job.run], cluster) for job in jobs)
    kept = sum(run.kept for run in runs)
    last = max((end.at_s for end in record.ends.values()), default=0.0)
    return Figures(
        runs,
        goodput=kept / len(runs) if runs else 0.0,
        kept_per_hour=kept / last * SECONDS_PER_HOUR if last else 0.0,
        ttff_s=quantiles(run.ttff_s for run in runs),
        stall_s=quantiles(run.stall_s for run in runs if run.ttff_s is not None),
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


def _run(job: Job, record: Recorded, spans: Sequence[Span], cluster: Cluster | None) -> RunFigures:
    show, end = record.shows.get(job.run), record.ends.get(job.run)
    first = None if show is None or show.first_s is None else show.first_s - job.at_s
    stall = 0.0 if show is None else show.stall_s
    makespan = None if end is None or end.status != "succeeded" else end.at_s - job.at_s
    return RunFigures(
        job.run,
        "unfinished" if end is None else end.status,
        first,
        stall,
        makespan,
        kept=makespan is not None and keeps(job.graph.slo, first, stall, makespan),
        quality=_quality(job, record),
        cost_usd=None if cluster is None or makespan is None else _cost(cluster, job.plan, spans, makespan),
        energy_wh=None if cluster is None else _energy(cluster, job.plan, spans),
    )


def _quality(job: Job, record: Recorded) -> float | None:
    planned = next((p.value for p in job.plan.predictions if p.name == "quality"), None)
    shots = [one for _, _, said in record.log for one in said if isinstance(one, MakeShot) and one.run == job.run]
    seconds = sum(shot.seconds for shot in shots)
    if planned is None or not seconds:
        return planned
    mean = sum(shot.quality * shot.seconds for shot in shots) / seconds
    return planned * mean / job.plan.rungs[job.plan.start].quality


def keeps(slo: Slo, ttff_s: float | None, stall_s: float, makespan_s: float) -> bool:
    """Whether a run kept its promises of time; those in words (``good``) are the planner's."""
    if slo.ttff_s is not None and (ttff_s is None or ttff_s > slo.ttff_s):
        return False
    if slo.realtime and stall_s > 0.0:
        return False
    return not isinstance(slo.latency, int | float) or makespan_s <= slo.latency


def _cost(cluster: Cluster, plan: Plan, spans: Sequence[Span], makespan_s: float) -> float | None:
    """Rent: cores while they work; accelerators from the beginning of the run to its end, or while they work."""
    prices = {o.device.name: o.price for o in cluster.offers}
    cores = [offer.price for offer in cluster.offers if offer.device.kind == "cpu"]
    if not any(prices.values()):
        return None
    held = cluster.billing == "held"
    rented = [group for group in plan.instances if held and not _is_core(cluster, group.device)]
    total = sum(group.count * group.devices * prices.get(group.device, 0.0) * makespan_s for group in rented)
    for span in spans:
        chosen = plan.nodes[span.node].chosen
        if chosen.devices and not held:
            total += chosen.devices * prices.get(chosen.device, 0.0) * (span.ends - span.begins)
        elif not chosen.devices:
            total += span.threads * (cores[0] if cores else 0.0) * (span.ends - span.begins)
    return total / SECONDS_PER_HOUR


def _energy(cluster: Cluster, plan: Plan, spans: Sequence[Span]) -> float | None:
    """Devices at work draw their full power."""
    watts = {o.device.name: o.device.peak_w for o in cluster.offers}
    core = next((o.device.peak_w for o in cluster.offers if o.device.kind == "cpu"), 0.0)
    joules = 0.0
    for span in spans:
        chosen = plan.nodes[span.node].chosen
        power = chosen.devices * watts.get(chosen.device, 0.0) if chosen.devices else span.threads * core
        joules += power * (span.ends - span.begins)
    return joules / JOULES_PER_WH if joules else None


def _is_core(cluster: Cluster, device: str) -> bool:
    return any(offer.device.name == device and offer.device.kind == "cpu" for offer in cluster.offers)
