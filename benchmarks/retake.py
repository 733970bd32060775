"""What was shown of a finished run, and the same shots made again on the best rung: same script, seed and timeline."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import msgspec

from murakkab.engine.resume import committed
from murakkab_optimizer.graph import Node
from murakkab_optimizer.graph import Path as Place
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.commands import StartTask
from murakkab_runtimes.artifacts import ArtifactStore
from murakkab_runtimes.base import Runtime, Task, runtime_class
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.references import fill

MANY = 100_000
"""Cores and workers with which every shot is begun at once."""


class Retake:
    """The shots of a finished run.

    Args:
        folder: of the run.
        seed: of the run.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._event, self._store, self._seed = committed(folder), ArtifactStore(folder / "artifacts"), seed
        graph, plan = self._event.graph, self._event.plan
        self._nodes = [node for node in graph.nodes if node.name in plan.rungs[0].nodes]
        self._runtimes: dict[str, Runtime] = {}

    def shown(self) -> Iterator[tuple[Place, list[Path]]]:
        """By shot, in order, the raw H.264 files of its clips."""
        last = self._nodes[-1]
        made = self._event.items if last.streams else self._event.finished
        files: dict[Place, list[Path]] = {}
        for item in sorted((one for one in made if one.node == last.name), key=lambda one: one.path):
            value = self._store.open_files(self._store.get(item.value))
            files.setdefault(item.path[:-1], []).append(Path(value["video"]))
        return iter(files.items())

    def best(self) -> list[Place]:
        """The shots that were made on the best rung, in order."""
        rungs = {shot.path: shot.rung for shot in self._event.shots}
        return sorted(path for path, rung in rungs.items() if rung == self._event.plan.rungs[0].name)

    def again(self, scratch: Path, without: Collection[Place] = ()) -> Iterator[tuple[Place, list[Path]]]:
        """By shot, in order, the files of its clips on the best rung, but for some shots; they lie in ``scratch``."""
        for command in sorted(self._commands(), key=lambda one: one.path):
            if command.path in without:
                continue
            folder = scratch / ".".join(map(str, command.path))
            folder.mkdir(parents=True)
            yield command.path, [Path(clip["video"]) for clip in self._filmed(command, folder)]

    def _commands(self) -> list[StartTask]:
        """What a scheduler would have done to make the shots again on the best rung."""
        event, count = self._event, 3 * len(self._event.shots) + 8
        kept = {node.name for node in event.graph.nodes} - self._behind()
        items = tuple(item for item in event.items if item.node in kept)
        finished = tuple(item for item in event.finished if item.node in kept)
        scheduler = Scheduler(MANY, rungs="top")
        found = scheduler.handle(msgspec.structs.replace(event, items=items, finished=finished, shots=()), 0.0)
        for number in range(count):
            found += scheduler.handle(ev.WorkerJoined(f"w{number}"), 0.0)
        return [one for one in found if isinstance(one, StartTask) and one.node == self._nodes[0].name]

    def _behind(self) -> set[str]:
        """The filming nodes and all that is made of what they make."""
        found = {node.name for node in self._nodes}
        for node in self._event.graph.nodes:
            if any(edge.source in found for edge in node.edges):
                found.add(node.name)
        return found

    def _filmed(self, command: StartTask, folder: Path) -> list[dict[str, Any]]:
        clips: list[dict[str, Any]] = []
        item = None if command.item is None else self._store.get(command.item)
        node = self._nodes[0]
        given = self._store.open_files(fill(node.arguments, item, command.inputs, self._store.get))
        task = Task(given, folder, command.configuration.knobs, self._seed, path=command.path)
        task.on_item = lambda value, meta: clips.append(value)
        self._runtime(command.configuration.model).run(task)
        for later in self._nodes[1:]:
            clips = [self._onto_canvas(later, clip, folder / f"{later.name}-{n}") for n, clip in enumerate(clips)]
        return clips

    def _onto_canvas(self, node: Node, clip: dict[str, Any], folder: Path) -> dict[str, Any]:
        folder.mkdir()
        chosen = self._event.plan.rungs[0].nodes[node.name]
        task = Task(fill(node.arguments, clip, {}, self._store.get), folder, chosen.knobs, self._seed)
        made = self._runtime(chosen.model).run(task)
        value: dict[str, Any] = getattr(made, "value", made)  # type: ignore[assignment]
        return value

    def _runtime(self, model: str) -> Runtime:
        if model not in self._runtimes:
            card = load_catalog()[model]
            self._runtimes[model] = runtime_class(card.adapter)(card, 1)
        return self._runtimes[model]
