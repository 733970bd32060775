"""What a run leaves: names of files, texts and JSON, nothing over something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from murakkab.engine.outputs import keep_outputs
from murakkab_optimizer.graph import NULL, Graph, Node
from murakkab_runtimes.artifacts import ArtifactStore


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


def file(store: ArtifactStore, name: str, content: str = "x") -> Path:
    scratch = store.root.parent / "made" / content
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / name).write_text(content)
    return scratch / name


def keep(store: ArtifactStore, outputs: dict[str, tuple[str, tuple[str, ...]]], values: dict[str, Any]) -> Any:
    folder = store.root.parent / "run"
    folder.mkdir()
    graph = Graph("g", tuple(Node(name, "x") for name in values), outputs=outputs)
    names = {k: tuple(map(store.put, v)) if isinstance(v, tuple) else store.put(v) for k, v in values.items()}
    return keep_outputs(folder, graph, names, store), folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_are_called_after_outputs_and_fields(store: ArtifactStore) -> None:
    value = {"video": file(store, "a.mp4"), "captions": file(store, "b.vtt"), "seconds": 3}
    told, folder = keep(store, {"episode": ("e", ()), "length": ("e", ("seconds",))}, {"e": value})
    assert names(folder) == ["captions.vtt", "episode.mp4", "length.json", "outputs.json"]
    assert told["episode"] == {
        "video": str(folder / "episode.mp4"), "captions": str(folder / "captions.vtt"), "seconds": 3,
    }  # fmt: skip
    assert json.loads((folder / "outputs.json").read_text()) == told
    assert (folder / "length.json").read_text() == "3\n"


def test_no_output_takes_the_place_of_another_or_of_the_record(store: ArtifactStore) -> None:
    first, second = {"image": file(store, "a.png", "1")}, {"image": file(store, "a.png", "2")}
    outputs = {"one": ("a", ()), "two": ("b", ()), "run": ("c", ()), "many": ("d", ("image",)), "none": ("n", ("x",))}
    values = {"a": first, "b": second, "c": {"x": 1}, "d": (first, second, {}), "n": None}
    told, folder = keep(store, outputs, values)
    assert (folder / "image.png").read_text() == "1"
    assert (folder / "two-image.png").read_text() == "2"
    assert json.loads((folder / "output-run.json").read_text()) == {"x": 1}
    assert told["many"] == [str(folder / "many-000.png"), str(folder / "many-001.png"), None]
    assert told["none"] is None
    assert not (folder / "run.json").exists()
    assert not (folder / "none.json").exists()


def test_texts_are_texts_and_last_nodes_leave_their_files_untold(store: ArtifactStore) -> None:
    told, folder = keep(store, {"answer": ("a", ())}, {"a": "42", "b": {"audio": file(store, "s.wav")}})
    assert told == {"answer": "42"}
    assert (folder / "answer.txt").read_text() == "42\n"
    assert names(folder) == ["answer.txt", "b.wav", "outputs.json"]


def test_what_was_not_made_is_not_told(store: ArtifactStore, tmp_path: Path) -> None:
    graph = Graph("g", (Node("a", "x"), Node("b", "x")), outputs={"one": ("a", ()), "two": ("b", ())})
    assert keep_outputs(tmp_path, graph, {"a": NULL}, store) == {"one": None}
