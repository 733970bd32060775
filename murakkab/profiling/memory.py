"""What is known of memory: how much tasks of runs took and which found no room, and what was measured."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from murakkab.profiling.correct import Event, configured
from murakkab.profiling.known import corrects
from murakkab.profiling.machine import is_the_one, this_cluster
from murakkab.profiling.store import Basis, Corrections, Kept, ProfileStore
from murakkab.profiling.versions import is_current, quick_versions_of
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph, Node, Path
from murakkab_optimizer.hardware import CPU, Cluster
from murakkab_optimizer.plan import Plan, Rung
from murakkab_optimizer.planner.room import configuration
from murakkab_optimizer.profiles.conditions import SPREAD, drawn
from murakkab_optimizer.profiles.memory import Measured, Seen
from murakkab_runtimes.base import PROCESSES
from murakkab_runtimes.catalog import load_catalog

LAPSE_DAYS = 30
"""That a task found no room counts for as long: something else may have taken the memory then."""

PEAK = "peak_mb"
"""What a task says of itself: MiB of its device that its model took at most."""


def learn_memory(
    graph: Graph,
    plan: Plan,
    events: Iterable[Event],
    store: ProfileStore | None = None,
    cluster: Cluster | None = None,
    cards: Mapping[str, ModelCard] | None = None,
) -> None:
    """Keep what a run saw of memory; processes that run on plan anew where something was seen for the first time.

    A task that found no room needs more than its device has. One that was done needs what it took, and has room.
    Where there are accelerators of several types, nobody knows on which of them a task was done, and nothing is kept.

    Args:
        graph: of the run.
        plan: of the run.
        events: that people are told of it.
        store: by default the user's; nothing is kept there where ``MURAKKAB_CORRECTION`` forbids it.
        cluster: the machines that worked; by default this one.
        cards: the models; by default those of the catalogue.

    Raises:
        UserError: the store cannot be written.

    """
    if store is None and not corrects():
        return
    seen = list(_seen(graph, plan, events, cluster))
    if not seen:
        return
    store, cards = store or ProfileStore(), load_catalog() if cards is None else cards
    with store.runs.changing() as kept:
        before = list(_holding(kept, cards))
        for one in seen:
            _keep(kept, one, cards.get(one.model))
        new = before != list(_holding(kept, cards))
    if new:
        with contextlib.suppress(FileNotFoundError):
            os.utime(store.path)


def known_memories(store: ProfileStore | None = None, cards: Mapping[str, ModelCard] | None = None) -> Sequence[Seen]:
    """What was seen of memory on this machine, and still holds: by runs, and of accelerators when they were measured.

    What was seen of another version of a model does not, nor that a task found no room ``LAPSE_DAYS`` ago. What runs
    say in the user's store counts only where ``MURAKKAB_CORRECTION`` lets it.

    Args:
        store: by default the user's.
        cards: the models; by default those of the catalogue.

    """
    counts = store is not None or corrects()
    store, cards = store or ProfileStore(), load_catalog() if cards is None else cards
    return (*(_holding(store.runs.content(), cards) if counts else ()), *_measured(store.content(), cards))


def _measured(kept: Kept, cards: Mapping[str, ModelCard]) -> Iterator[Measured]:
    """What was measured on accelerators; that of processors is in the profiles that plans go by."""
    for record in kept.records:
        one, card = record.profile, cards.get(record.profile.model)
        if card is None or one.device == CPU or not one.memory_mb or not is_current(card, record.versions):
            continue
        knobs = {**card.knobs, **one.knobs}
        asked = drawn({**one.conditions, **record.most}, knobs)
        yield Measured(one.model, one.device, knobs, asked, peak_mb=one.memory_mb)


def forget_memory(models: Collection[str], store: ProfileStore) -> None:
    """Drop what was seen of the memory of models.

    Raises:
        UserError: the store cannot be written.

    """
    if not any(one.model in models for one in store.runs.content().memory.values()):
        return
    with store.runs.changing() as kept:
        kept.memory = {key: one for key, one in kept.memory.items() if one.model not in models}
        kept.bases = {key: basis for key, basis in kept.bases.items() if key in kept.memory}


def _holding(kept: Corrections, cards: Mapping[str, ModelCard]) -> Iterator[Seen]:
    """What is kept and still holds."""
    for key, one in kept.memory.items():
        basis, card = kept.bases.get(key, Basis()), cards.get(one.model)
        if card is None or is_current(card, basis.versions):
            yield msgspec.structs.replace(one, beyond_mb=0.0) if _lapsed(basis) else one


def _lapsed(basis: Basis) -> bool:
    return basis.refused is not None and (datetime.date.today() - basis.refused).days > LAPSE_DAYS


def _keep(kept: Corrections, one: Seen, card: ModelCard | None) -> None:
    """Add what was seen to what was seen before of the same versions."""
    basis = kept.bases.get(one.key, Basis())
    of_these = card is None or is_current(card, basis.versions)
    after = kept.memory.get(one.key, one).and_then(one) if of_these else one
    refused = datetime.date.today() if one.beyond_mb else basis.refused if after.beyond_mb else None
    kept.memory[one.key] = after
    kept.bases[one.key] = Basis(quick_versions_of(card) if card else {}, refused)
    if one.peak_mb:
        _had_room(kept.memory, one)


def _had_room(memory: dict[str, Seen], done: Seen) -> None:
    """Whatever is no larger than a task that was done has room, too."""
    for key, one in memory.items():
        if one.beyond_mb and one.within(done):
            memory[key] = msgspec.structs.replace(one, beyond_mb=0.0)


def _seen(graph: Graph, plan: Plan, events: Iterable[Event], cluster: Cluster | None) -> Iterator[Seen]:
    """Each task that says what memory it took, or that it found none; in order, for a shot may change its rung."""
    nodes = {node.name: node for node in graph.nodes if node.capability}
    known = {rung.name: rung for rung in plan.rungs}
    rungs: dict[Path, Rung] = {}
    where = cluster
    for event in events:
        if event["event"] == "shot.rung" and event["rung"] in known:
            rungs[tuple(event["path"])] = known[event["rung"]]
        node = nodes.get(str(event.get("node")))
        peak, beyond = _peak(event), event["event"] == "task.failed" and bool(event.get("memory"))
        if node is not None and (peak or beyond):
            where = where or this_cluster()
            one = _of(plan, rungs, node, tuple(event["path"]), event.get("meta", {}))
            room = _room(where, one.device) if beyond else 0.0
            if (peak or (room and _has(where, one))) and _is_here(where, one.device):
                yield msgspec.structs.replace(one, peak_mb=peak, beyond_mb=room)


def _peak(event: Event) -> float:
    done = event["event"] == "task.finished" and event["seconds"] > 0
    peak = event["meta"].get(PEAK) if done else None
    return float(peak) if isinstance(peak, int | float) and peak > 0 else 0.0


def _of(plan: Plan, rungs: Mapping[Path, Rung], node: Node, path: Path, meta: Mapping[str, Any]) -> Seen:
    """What a task was done with, spread over as many devices as its worker had, where it says so."""
    chosen = configured(plan, rungs, node, path)
    knobs = {**chosen.knobs, SPREAD: meta.get(PROCESSES, 1)} if meta and SPREAD in chosen.knobs else chosen.knobs
    return configuration(chosen.model, chosen.device or CPU, node, knobs)


def _is_here(cluster: Cluster, device: str) -> bool:
    """Whether a task that was planned on a device was done on one that says something of it.

    Machines that do not tell how much memory they have are others: their processors are not those of this one.
    """
    return bool(cluster.memory_mb) if device == CPU else is_the_one(cluster, device)


def _has(cluster: Cluster, one: Seen) -> bool:
    """Whether every worker has as many accelerators as a task was to be spread over: it was, then, wherever it ran."""
    workers = [offer.together or offer.count for offer in cluster.offers if offer.device.name == one.device]
    return bool(one.knobs.get(SPREAD, 1) <= min(workers, default=1))


def _room(cluster: Cluster, device: str) -> float:
    """MiB of a device of that type: of processors, of the whole machine."""
    if any(offer.device.name == device and offer.device.kind == "gpu" for offer in cluster.offers):
        return float(max(offer.device.memory_mb for offer in cluster.offers if offer.device.name == device))
    return float(cluster.memory_mb) if device == CPU else 0.0
