"""What a finished run says of the profiles: the seconds that its tasks took against those that were expected."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from murakkab.profiling.firsts import keep_firsts
from murakkab.profiling.known import as_runs_say, corrects, known_profiles
from murakkab.profiling.machine import is_the_one, this_cluster
from murakkab.profiling.store import Learnt, ProfileStore, base_of, learnt_of
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph, Node, Path
from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.plan import Configuration, Plan, Rung
from murakkab_optimizer.planner.candidates import lines
from murakkab_optimizer.planner.pictures import maker
from murakkab_optimizer.planner.settings import slowed
from murakkab_optimizer.planner.speeds import Speeds
from murakkab_optimizer.planner.workload import workload
from murakkab_optimizer.profiles import Profile
from murakkab_optimizer.profiles.conditions import FROM_HEIGHT, SPREAD, drawn_height
from murakkab_optimizer.profiles.correction import Correction, drift, observe
from murakkab_runtimes.base import PROCESSES

NOTABLE = 1.05
"""A factor that has moved by this much is a reason for processes that run on to plan anew."""

LEAST_S = 0.1
"""Less work than this in a run says nothing: handing it over takes as long."""

Event = Mapping[str, Any]


def learn(
    graph: Graph,
    plan: Plan,
    cards: Mapping[str, ModelCard],
    shipped: Sequence[Profile],
    events: Iterable[Event],
    store: ProfileStore | None = None,
    pace: Mapping[str, float] | None = None,
    cluster: Cluster | None = None,
) -> list[str]:
    """Correct the profiles that a plan went by, once for the whole run; returns what has drifted, in words.

    What first tasks took is noted, too.

    What was expected at conditions that nobody measured speaks for all profiles that it was inferred from, by the same
    factor, so that what is inferred next comes to what was observed. Results from the cache, failed attempts, tasks
    whose work cannot be counted, settings that no profile is of and work of less than ``LEAST_S`` say nothing. What
    was done on processors of other machines, of another ``pace``, says nothing of this one; nor what was done where
    ``cluster`` (by default this machine) has accelerators of several types, or over fewer devices than was planned.
    """
    if store is None and not corrects():
        return []
    store = store or ProfileStore()
    used = _models(plan, cards)
    known = _Known(used, shipped, store, pace)
    where = cluster or (this_cluster() if any(card.needs.accelerator_mb for card in used) else None)
    sums: dict[str, _Sum] = {}
    events = list(events)
    keep_firsts(graph, plan, events, store)
    rungs, work = rungs_of(plan, events), workload(graph)
    for node, path, seconds, units in tasks_of(graph, events):
        chosen = configured(plan, rungs, node, path)
        if (where is not None and not is_the_one(where, chosen.device)) or not as_spread(chosen, units):
            continue
        more = {"seconds": work.nodes[node.name].seconds} | _from_height(graph, plan, rungs, node, path)
        profile = profile_of(known.speeds, cards.get(chosen.model), node, chosen, more)
        count = units_of(profile, node, units) if profile else None
        if profile is None or not count or not profile.seconds(count):
            continue
        for one in known.speeds.basis(profile, node, chosen.knobs, more, _light(cards[chosen.model], chosen)):
            key = learnt_of(one)
            before, factor = known.before(one)
            sums.setdefault(key, _Sum(before)).add(profile.seconds(count) / factor, seconds)
    sums = {named: one for named, one in sums.items() if one.expected_s >= LEAST_S}
    return _keep(store, sums) if sums else []


def _models(plan: Plan, cards: Mapping[str, ModelCard]) -> list[ModelCard]:
    """The cards of all that a plan may have used."""
    used = {choice.chosen.model for choice in plan.nodes.values()}
    used |= {configuration.model for rung in plan.rungs for configuration in rung.nodes.values()}
    return [cards[name] for name in used if name in cards]


class _Known:
    """Speeds as they are corrected by now, and the profiles as they were before."""

    def __init__(
        self,
        cards: Sequence[ModelCard],
        shipped: Sequence[Profile],
        store: ProfileStore,
        pace: Mapping[str, float] | None,
    ) -> None:
        before = known_profiles(cards, shipped, store, corrected=False, pace=pace)
        learnt = store.runs.content().learnt
        self._after = [as_runs_say(profile, learnt) for profile in before]
        self._before = {id(one): (other, _factor(other, one)) for other, one in zip(before, self._after, strict=True)}
        self.speeds = Speeds(self._after)

    def before(self, profile: Profile) -> tuple[Profile, float]:
        """A profile before it was corrected, and the factor that it was corrected by."""
        return self._before[id(profile)]


def _factor(before: Profile, after: Profile) -> float:
    return after.unit_s / before.unit_s if before.unit_s else after.fixed_s / (before.fixed_s or 1.0)


@dataclass
class _Sum:
    """Seconds of all tasks of a run that went by one profile, as far as it was not corrected."""

    profile: Profile
    expected_s: float = 0.0
    observed_s: float = 0.0

    def add(self, expected_s: float, observed_s: float) -> None:
        """One task more."""
        self.expected_s += expected_s
        self.observed_s += observed_s


def rungs_of(plan: Plan, events: Iterable[Event]) -> dict[Path, Rung]:
    """By path of a shot, the rung that it was made on."""
    known = {rung.name: rung for rung in plan.rungs}
    made = ((tuple(event["path"]), event["rung"]) for event in events if event["event"] == "shot.rung")
    return {path: known[name] for path, name in made if name in known}


def configured(plan: Plan, rungs: Mapping[Path, Rung], node: Node, path: Path) -> Configuration:
    """What a task was done with."""
    shots = (rungs.get(path[:length]) for length in range(len(path), 0, -1))
    rung = next((found for found in shots if found is not None and node.name in found.nodes), None)
    return plan.nodes[node.name].chosen if rung is None else rung.nodes[node.name]


def as_spread(chosen: Configuration, meta: Mapping[str, Any]) -> bool:
    """Whether a task was spread over as many devices as its configuration says: a worker may have fewer."""
    return bool(meta.get(PROCESSES, 1) == chosen.knobs.get(SPREAD, 1))


def tasks_of(graph: Graph, events: Iterable[Event]) -> Iterator[tuple[Node, Path, float, Mapping[str, float]]]:
    """Tasks that were done in this run: node, path, seconds, and what their items or values sum up to."""
    nodes = {node.name: node for node in graph.nodes if node.capability}
    items: dict[tuple[str, tuple[int, ...]], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for event in events:
        node = nodes.get(str(event.get("node")))
        if node is None or "path" not in event:
            continue
        path = tuple(event["path"])
        if event["event"] == "item.emitted":
            _add(items[node.name, path[:-1]], event["meta"])
        elif event["event"] == "task.finished" and event["seconds"] > 0:
            done = items.pop((node.name, path), None) if node.streams else None
            yield node, path, event["seconds"], done if done is not None else _add({}, event["meta"])


def _add(sums: dict[str, float], meta: Mapping[str, Any]) -> dict[str, float]:
    sums["items"] = sums.get("items", 0.0) + 1.0
    for name, value in meta.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            sums[name] = sums.get(name, 0.0) + value
    return sums


def units_of(profile: Profile, node: Node, sums: Mapping[str, float]) -> float | None:
    """Units of work of a task, by what its items or its value say of themselves; None where they do not tell."""
    match profile.unit:
        case "audio-second":
            return sums.get("seconds")
        case "frame":
            fps = node.arguments.get("fps")
            return sums.get("frames") or (sums["seconds"] * fps if fps and "seconds" in sums else None)
        case "word":
            return sums.get("words")
        case "turn" if node.streams:
            return sums.get("items")
        case "image" | "clip" | "task" | "episode":
            return 1.0
    return None


def _from_height(graph: Graph, plan: Plan, rungs: Mapping[Path, Rung], node: Node, path: Path) -> dict[str, float]:
    """The lines of the pictures that a task was given, as a condition; empty where nobody knows."""
    before = maker(graph, node)
    if before is None:
        return {}
    knobs = configured(plan, rungs, before, path).knobs if before.name in plan.nodes else {}
    return {FROM_HEIGHT: drawn_height(knobs) or lines(before)}


def profile_of(
    base: Speeds,
    card: ModelCard | None,
    node: Node,
    chosen: Configuration,
    more: Mapping[str, float] | None = None,
) -> Profile | None:
    """The profile that a node is planned by; None where none is of its settings.

    Args:
        base: what is known.
        card: of the model.
        node: its arguments are conditions.
        chosen: what the node was done with.
        more: conditions that its arguments do not tell.

    """
    if card is None:
        return None
    accelerated = bool(card.needs.accelerator_mb)
    found = (_accelerated if accelerated else _on_processor)(base, card, node, chosen, more)
    return found if found and found.holds_for(chosen.knobs) else None


def _on_processor(
    base: Speeds, card: ModelCard, node: Node, chosen: Configuration, more: Mapping[str, float] | None
) -> Profile | None:
    return base.on_processor(card, node, chosen.knobs, more=more)


def _accelerated(
    base: Speeds, card: ModelCard, node: Node, chosen: Configuration, more: Mapping[str, float] | None
) -> Profile | None:
    """The profile of a task on as many accelerators; None where it was estimated what lighter settings make of it."""
    named = _light(card, chosen)
    found = base.find(card.name, chosen.device, node, chosen.knobs, other=True, more=more, named=named)
    spread = chosen.knobs.get(SPREAD, 1)
    mine = (one for one in found if one.devices == spread)
    return next((one for one in mine if slowed(card, chosen.knobs, one) is one), None)


def _light(card: ModelCard, chosen: Configuration) -> Collection[str]:
    """Names of the settings with which a model takes less memory than usual, if it is used with such."""
    light = card.lighter_with(chosen.knobs)
    return light.knobs if light else ()


def _keep(store: ProfileStore, sums: Mapping[str, _Sum]) -> list[str]:
    told, notable = list[str](), False
    with store.runs.changing() as kept:
        for named, one in sums.items():
            base, before = base_of(one.profile), kept.learnt.get(named)
            same = before if before and before.base == base else Learnt(Correction(), base)
            after = observe(same.correction, one.expected_s, one.observed_s)
            moved = not 1 / NOTABLE < after.factor / same.applied < NOTABLE
            kept.learnt[named] = Learnt(after, base, after.factor if moved else same.applied)
            notable = notable or moved
            if found := drift(after):
                model = one.profile.model
                told.append(f"{model}: {found}; `murakkab profile {model} --again` measures it anew")
    if notable:
        with contextlib.suppress(FileNotFoundError):
            os.utime(store.path)
    return list(dict.fromkeys(told))


def drifted(store: ProfileStore, cards: Iterable[str]) -> dict[str, str]:
    """By model, what runs say against its figures."""
    import json

    names, found = set(cards), {}
    for named, learnt in store.runs.content().learnt.items():
        model = json.loads(named)[0]
        if model in names and (evidence := drift(learnt.correction)):
            found[model] = str(evidence)
    return found
