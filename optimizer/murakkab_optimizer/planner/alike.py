"""Nodes that share instances of a model are given it in the same settings: in others it is loaded anew for each task.

Which settings hold from loading on is known of those that the card names as lighter ones, and of the number of devices
over which a task is spread.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.plan import Configuration
from murakkab_optimizer.planner.assign.nouns import Pool, Tie
from murakkab_optimizer.planner.settings import Loads, loads
from murakkab_optimizer.planner.ways import Way, Ways

_Grouped = dict[Pool, dict[Loads, set[int]]]
"""By pool and settings, indices of the ways of a node."""


def shared_otherwise(found: Mapping[str, Ways]) -> set[str]:
    """Names of models that can be used, of the same instances, in settings of loading which do not do for all.

    That is, not for all nodes, or of a node not with each of the other settings that it may be done with.
    """
    seen: dict[Pool, set[frozenset[Loads]]] = defaultdict(set)
    for ways in found.values():
        cases: dict[tuple[Pool, str], set[Loads]] = defaultdict(set)
        for way in ways.ways:
            if held := loads(way.card, way.candidate.knobs):
                cases[way.candidate.pool, _others(way, held)].add(held)
        for (pool, _), sets in cases.items():
            seen[pool].add(frozenset(sets))
    return {pool[0] for pool, sets in seen.items() if len(sets) > 1}


def _others(way: Way, held: Loads) -> str:
    """The settings of a way that do not hold from loading on, and what it starts from."""
    names = {name for name, _ in held}
    return f"{[one for one in sorted(way.candidate.knobs.items()) if one[0] not in names]} {way.from_height}"


def ties_of_loads(found: Mapping[str, Ways]) -> Iterator[Tie]:
    """Ties by which nodes that share instances use them in the same settings; none where two of them cannot."""
    grouped = {name: _grouped(ways.ways) for name, ways in found.items()}
    for name, other in itertools.permutations(found, 2):
        every = frozenset(range(len(found[other].ways)))
        made = [
            Tie(name, frozenset(mine), other, every - frozenset(_otherwise(grouped[other].get(pool, {}), how)))
            for pool, groups in grouped[name].items()
            for how, mine in groups.items()
        ]
        blocked = {way for tie in made if not tie.then for way in tie.when}
        if len(blocked) < len(found[name].ways):
            yield from (tie for tie in made if tie.then != every)


def uses_otherwise(chosen: Iterable[tuple[str, ModelCard, Configuration]]) -> Iterator[str]:
    """For people: the models that nodes share in different settings.

    Args:
        chosen: nodes that are done on accelerators, with the model of each and how it is used.

    """
    pools: dict[tuple[str, str, int], dict[Loads, list[str]]] = defaultdict(dict)
    for node, card, one in chosen:
        if held := loads(card, one.knobs):
            pools[card.name, one.device, one.devices].setdefault(held, []).append(f"'{node}'")
    for (model, device, _), groups in pools.items():
        if len(groups) > 1:
            told = "; ".join(f"{', '.join(nodes)} with {_words(how, groups)}" for how, nodes in groups.items())
            yield f"{model} is loaded anew whenever these take turns on one {device}: {told}"


def _words(how: Loads, all_of_them: Iterable[Loads]) -> str:
    """The settings in which some differ."""
    apart = {name for one in all_of_them for name, value in one if (name, value) not in how}
    return ", ".join(f"{name} {value}" for name, value in how if name in apart)


def _grouped(ways: Iterable[Way]) -> _Grouped:
    found: _Grouped = {}
    for index, way in enumerate(ways):
        if told := loads(way.card, way.candidate.knobs):
            found.setdefault(way.candidate.pool, {}).setdefault(told, set()).add(index)
    return found


def _otherwise(groups: Mapping[Loads, set[int]], how: Loads) -> Iterator[int]:
    """Ways with the same instances in other settings."""
    for other, ways in groups.items():
        if other != how:
            yield from ways
