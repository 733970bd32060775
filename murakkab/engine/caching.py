"""What of one run is taken from the cache, what is kept, and why the rest is made."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

import msgspec

from murakkab.engine import cache as kept
from murakkab.engine.source_digests import adapter_version, function_version, package_versions
from murakkab.engine.submission import FUNCTION, secrets_of
from murakkab_optimizer.catalog import ModelCard, Quality
from murakkab_optimizer.graph import Graph, Node, Path
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.commands import StartTask
from murakkab_runtimes.artifacts import FILE_KEY, ArtifactStore
from murakkab_runtimes.references import fill

HIT = "hit"
FRESH_SEED = "the seed is fresh: give --seed to repeat"
OFF = "off for this run"
OFF_HERE = "off for this node"
SECRET = "it uses a secret"  # noqa: S105 - words


class RunCache:
    """The cache as one run sees it.

    Args:
        cache: of all runs, or None where it is off.
        graph: of the run.
        plan: of the run.
        cards: the catalogue.
        store: the run's artifacts.
        seed: of the run, or None where it is fresh, so that nothing that depends on it can be there or be used again.

    Attributes:
        totals: how many tasks were taken from the cache (``hit``), and how many were made for which reason.

    """

    def __init__(
        self,
        cache: kept.ResultCache | None,
        graph: Graph,
        plan: Plan,
        cards: Mapping[str, ModelCard],
        store: ArtifactStore,
        seed: int | None,
    ) -> None:
        self._cache, self._graph, self._cards, self._store, self._seed = cache, graph, cards, store, seed
        self._off = _reasons_not_to(graph, plan, cards, seed, off=cache is None)
        self._asking = {n: plan.nodes[n].chosen.model for n in plan.nodes if n not in self._off}
        self._verdicts: dict[str, str] = {}
        self._parts: dict[str, kept.Parts] = {}
        self._items: dict[tuple[str, Path], dict[int, kept.Item]] = {}
        self.totals: Counter[str] = Counter()

    def prepare(self) -> None:
        """Read the code of adapters, which takes a moment the first time, before the first task asks."""
        for model in set(self._asking.values()):
            adapter_version(self._cards[model].adapter)

    def replan(self, plan: Plan) -> None:
        """Go by another plan from now on."""
        self._off = _reasons_not_to(self._graph, plan, self._cards, self._seed, off=self._cache is None)

    def asks(self, command: StartTask) -> bool:
        """Whether a task may be in the cache; where it cannot be, the reason is noted."""
        reason = self._off.get(command.node)
        if reason is not None:
            self._note(command.lease, reason)
        return reason is None

    def look_up(self, command: StartTask) -> kept.Result | None:
        """What the task made before, its files in the run's store; blocks on the disk."""
        assert self._cache is not None
        try:
            parts = self._made_of(command)
        except Exception:
            self._note(command.lease, "its arguments cannot be read")
            return None
        key, place = kept.digest(parts), self._place(command.node, command.path)
        found = self._cache.get(key, self._store)
        if found is None:
            self._note(command.lease, kept.difference(self._cache.last_parts(place), parts))
            self._parts[command.lease] = parts
            return None
        self._note(command.lease, HIT)
        with contextlib.suppress(OSError):
            self._cache.note_parts(place, parts)
        return found

    def verdict(self, lease: str) -> str:
        """``hit``, or why the attempt is made."""
        return self._verdicts.pop(lease, "")

    def emitted(self, event: ev.ItemEmitted) -> None:
        """Note an item that counts."""
        if event.lease in self._parts:
            _, node, path, _ = ev.parse_lease(event.lease)
            self._items.setdefault((node, path), {})[event.index] = kept.Item(event.value, event.meta)

    def finished(self, event: ev.TaskFinished) -> tuple[str, kept.Parts, kept.Result] | None:
        """What is to be kept of a task that is done: its place, of what it was made, and the result."""
        parts = self._parts.pop(event.lease, None)
        _, node, path, _ = ev.parse_lease(event.lease)
        items = self._items.pop((node, path), {})
        if parts is None or sorted(items) != list(range(len(items))):
            return None
        made = tuple(items[index] for index in range(len(items)))
        return self._place(node, path), parts, kept.Result(made, kept.Item(event.value, event.meta), event.seconds)

    def keep(self, place: str, parts: kept.Parts, result: kept.Result) -> None:
        """Keep a result; blocks on the disk. Where there is no room, it is not kept."""
        assert self._cache is not None
        try:
            self._cache.put(kept.digest(parts), result, self._store)
            self._cache.note_parts(place, parts)
        except (OSError, msgspec.DecodeError):
            return

    def _note(self, lease: str, verdict: str) -> None:
        self._verdicts[lease] = verdict
        self.totals[verdict] += 1

    def _place(self, node: str, path: Path) -> str:
        return f"{self._graph.name}/{node}/{ev.path_label(path)}"

    def _made_of(self, command: StartTask) -> kept.Parts:
        """All that the result of a task follows from."""
        node, card = self._graph.node(command.node), self._cards[command.configuration.model]
        item = None if command.item is None else self._store.load(command.item)
        previous = None if command.previous is None else self._store.load(command.previous)
        filled = fill(node.arguments, item, command.inputs, self._store.load, previous)
        return {
            "capability": node.capability,
            "model": card.name,
            "card": _card_digest(card),
            "adapter": adapter_version(card.adapter),
            **{f"package {name}": version for name, version in package_versions(card.packages)},
            **{f"knob {name}": _short(value) for name, value in command.configuration.knobs.items()},
            **_surroundings(card),
            **_argument_parts(node, filled, self._store),
            "previous": command.previous or "",
            "path": ev.path_label(command.path),
            "seed": str(self._seed) if card.seeded else "",
        }


_NO_MATTER: dict[str, Any] = {
    "measured": (),
    "quality": Quality(0.0, ""),
    "rated": (),
    "ranges": {},
    "still": {},
    "weights_mb": 0.0,
    "load_s": 0.0,
}
"""Fields of a card that do not change what its model makes, without their values."""


def _reasons_not_to(
    graph: Graph, plan: Plan, cards: Mapping[str, ModelCard], seed: int | None, *, off: bool
) -> dict[str, str]:
    """By node, why the cache is not asked; other nodes are left out."""
    if off:
        return {node.name: OFF for node in graph.nodes}
    seeded = {node.name for node in graph.nodes if node.capability and cards[plan.nodes[node.name].chosen.model].seeded}
    reasons = dict.fromkeys(_behind(graph, seeded) if seed is None else (), FRESH_SEED)
    for node in graph.nodes:
        if secrets_of(msgspec.structs.replace(graph, nodes=(node,))):
            reasons[node.name] = SECRET
        if not node.cache:
            reasons[node.name] = OFF_HERE
    return reasons


def _behind(graph: Graph, names: set[str]) -> set[str]:
    """The nodes and all that is made of what they make."""
    found: set[str] = set()
    more = names
    while more:
        found |= more
        more = {n.name for n in graph.nodes if any(e.source in found for e in n.edges) or found & set(n.body)} - found
    return found


def _card_digest(card: ModelCard) -> str:
    """Digest of what a card says of the work; not of how well and how fast it is done."""
    return kept.digest(msgspec.structs.replace(card, description="", **_NO_MATTER))


def _surroundings(card: ModelCard) -> kept.Parts:
    """Settings in the environment that the model follows: those called like the one that the card names."""
    name = card.options.get("needs_environment", "")
    begin = name.rpartition("_")[0] + "_"
    found = {key: value for key, value in os.environ.items() if name and key.startswith(begin)}
    return {key: kept.digest(value) for key, value in sorted(found.items()) if not key.endswith("_KEY")}


def _argument_parts(node: Node, filled: Mapping[str, Any], store: ArtifactStore) -> kept.Parts:
    """The arguments one by one; of a function, also its code and its name."""
    function = filled.get("function")
    if node.capability != FUNCTION or not isinstance(function, dict):
        return {f"argument '{name}'": _short(value) for name, value in filled.items()}
    file: FilePath | None = store.path(function["file"][FILE_KEY]) if "file" in function else None
    given = filled.get("arguments") or {}
    code = {"its code": function_version(function, file), "function": str(function["name"])}
    return code | {f"argument '{name}'": _short(value) for name, value in given.items()}


def _short(value: object) -> str:
    """Small values as they are, others by their digest."""
    text = msgspec.json.encode(value, order="deterministic").decode()
    return text if len(text) <= kept.SHORT else kept.digest(value)
