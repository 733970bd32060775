"""What a run leaves: its outputs in ``outputs.json`` and their files in the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from murakkab_optimizer.graph import Graph
from murakkab_runtimes.artifacts import ArtifactStore, link_or_copy

PLAYLIST = Path("hls", "main.m3u8")

_TAKEN = {"run", "plan", "report", "outputs", "events", "journal", "workflow", "lock", "hls", "artifacts"}
"""Stems of files that the run's folder has anyway."""


def keep_outputs(
    folder: Path, graph: Graph, values: Mapping[str, str | tuple[str, ...]], store: ArtifactStore
) -> dict[str, Any]:
    """Link the outputs' files into the run's folder, write ``outputs.json`` and return what it holds.

    Files are called after the output and, in an object, by their field: ``video`` and ``audio`` of the output
    ``episode`` are ``episode.mp4`` and ``episode.mp3``, its ``captions`` are ``captions.vtt``. An output without files
    is also written to a file of its own. Nodes that nothing reads are kept like outputs of their name, but not told.

    Args:
        folder: of the run.
        graph: of the run.
        values: by node, the name of its value, or those of its items.
        store: the run's artifacts.

    Returns:
        JSON by output, with absolute paths of files. The node that was shown is told by its playlist, if there is one.
    """
    shelf = _Shelf(folder.resolve())
    told: dict[str, Any] = {}
    for name, (node, path) in graph.outputs.items():
        if node == graph.publish and (shelf.folder / PLAYLIST).exists():
            told[name] = str(shelf.folder / PLAYLIST)
        elif node in values:
            told[name] = shelf.keep(name, _field(_read(values[node], store), path))
    named = {node for node, _ in graph.outputs.values()} | {graph.publish}
    for node, names in values.items():
        if node not in named:
            shelf.keep_files(node, _read(names, store))
    if told:
        (folder / "outputs.json").write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    return told


class _Shelf:
    """The run's folder, in which no file takes the place of another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: set[str] = set()

    def keep(self, name: str, value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
        """Keep an output and return it with the paths of its files in the folder."""
        kept = self.keep_files(name, value)
        if value is not None and kept == value:
            self._write(name, value)
        return kept

    def keep_files(self, name: str, value: Any, stem: str = "") -> Any:  # noqa: ANN401 - JSON of any shape
        """Link the files in a value; ``stem`` names the next one."""
        match value:
            case Path():
                return str(self._link(value, stem or name, name))
            case dict():
                return {key: self.keep_files(name, inner, _stem(name, key)) for key, inner in value.items()}
            case list():
                return [self.keep_files(f"{name}-{number:03}", inner) for number, inner in enumerate(value)]
        return value

    def _link(self, source: Path, stem: str, name: str) -> Path:
        ways = (f"{stem}{source.suffix}", f"{name}-{stem}{source.suffix}")
        target = self.folder / next((way for way in ways if self._free(way)), f"{name}-{source.name}")
        self._names.add(target.name)
        partial = target.with_name(target.name + ".part")
        partial.unlink(missing_ok=True)
        link_or_copy(source, partial)
        partial.replace(target)
        return target

    def _write(self, name: str, value: Any) -> None:  # noqa: ANN401 - JSON of any shape
        suffix = ".txt" if isinstance(value, str) else ".json"
        file = f"{name}{suffix}" if self._free(f"{name}{suffix}") else f"output-{name}{suffix}"
        self._names.add(file)
        content = (
            value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
        )
        (self.folder / file).write_text(content + "\n", encoding="utf-8")

    def _free(self, file: str) -> bool:
        return file not in self._names and file.partition(".")[0] not in _TAKEN


def _read(names: str | tuple[str, ...], store: ArtifactStore) -> Any:  # noqa: ANN401 - JSON of any shape
    return store.get(names) if isinstance(names, str) else [store.get(name) for name in names]


def _field(value: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON of any shape
    """A field of the value, of each value of a list; null where there is none."""
    for key in path:
        if isinstance(value, list):
            value = [inner.get(key) if isinstance(inner, dict) else None for inner in value]
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def _stem(name: str, key: str) -> str:
    return name if key in ("video", "audio") else key
