"""Getting a run ready: its title, and its input files taken into its artifacts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from murakkab.engine.errors import FAILED, UserError
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.plan import Plan
from murakkab_runtimes.artifacts import FILE_KEY, ArtifactStore
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.references import secrets_in

if TYPE_CHECKING:
    from murakkab.language import Workflow

TITLE_LENGTH = 80

FUNCTION = "function"
"""Capability of nodes that call a function of the user."""


class RunRequest(msgspec.Struct, frozen=True):
    """What a run is begun with; see ``Engine.submit``.

    Attributes:
        graph: a checked graph; files are ``{"$file": "/absolute/path"}``.
        title: what to call the run; the graph's name by default.
        inputs: of the workflow, for the record.
        source_text: of the workflow, for the record.

    """

    graph: Graph
    title: str = ""
    inputs: dict[str, Any] = {}
    source_text: str = ""
    seed: int | None = None
    plan: Plan | None = None
    use: tuple[str, ...] = ()
    run: str | None = None
    requested_at: float | None = None
    cache: bool = True


def request_of(workflow: Workflow, inputs: Mapping[str, Any], until: Sequence[str] | None = None) -> RunRequest:
    """What a run of a workflow is begun with.

    Args:
        workflow: a checked workflow.
        inputs: by name; missing ones take their defaults.
        until: only these nodes and what they need.
    """
    from murakkab.language import check_inputs, compile_graph

    checked = check_inputs(workflow, inputs)
    graph = compile_graph(workflow, checked)
    return RunRequest(
        graph=graph.pruned(until) if until else graph,
        title=title_of(workflow, checked),
        inputs={key: str(value) if isinstance(value, Path) else value for key, value in checked.items()},
        source_text=workflow.source_text,
    )


def title_of(workflow: Workflow, inputs: Mapping[str, Any]) -> str:
    """What to call a run: its topic, else the name of the first file, else the workflow."""
    topic = " ".join(str(inputs.get("topic") or "").split())
    if topic:
        return topic if len(topic) <= TITLE_LENGTH else topic[: TITLE_LENGTH - 1].rstrip() + "…"
    documents = [name for name, declared in workflow.inputs.items() if declared.type == "document"]
    files = [Path(inputs[name]).stem for name in documents if inputs.get(name)]
    return files[0] if files else workflow.metadata.name


def secrets_of(graph: Graph) -> set[str]:
    """Names of the secrets that the graph refers to."""
    return {name for node in graph.nodes for name in secrets_in([node.arguments, node.when, node.until])}


def check_secrets(graph: Graph) -> None:
    """Refuse a run whose secrets are not set; UserError names them."""
    if missing := sorted(name for name in secrets_of(graph) if not os.environ.get(name)):
        names = ", ".join(missing)
        setting = "; ".join(f"export {name}=..." for name in missing)
        raise UserError(f"secrets are not set: {names}", f"Set them in the environment: {setting}")


def check_files(graph: Graph, plan: Plan) -> None:
    """Refuse a run that names a file which cannot be read, or which its model does not take; UserError names it."""
    cards = load_catalog()
    for node in graph.nodes:
        choice = plan.nodes.get(node.name)
        card = cards.get(choice.chosen.model) if choice is not None else None
        for path in _files(node.arguments):
            if fault := _obstacle(path, card.options.get("suffixes", ()) if card else ()):
                raise UserError(f"node '{node.name}': {path.name} {fault[0]}", fault[1])


def _obstacle(path: Path, suffixes: Sequence[str]) -> tuple[str, str] | None:
    """Why a file cannot be used, and what to do. A PDF is known by how it begins, whatever its name."""
    if not path.is_file():
        return ("is a folder" if path.is_dir() else "does not exist"), f"Check the path: {path}"
    if not os.access(path, os.R_OK):
        return "may not be read", f"Check who may read it: ls -l {path}"
    if not suffixes:
        return None
    with path.open("rb") as stream:
        begin = stream.read(1024)
    taken = f"Give a file of one of these types: {' '.join(suffixes)}"
    if not begin:
        return "is empty", taken
    known = path.suffix.lower() in ("", *suffixes) or (b"%PDF-" in begin and ".pdf" in suffixes)
    return None if known else (f"is of the type '{path.suffix}', which cannot be read", taken)


def _files(value: Any) -> Iterator[Path]:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, dict) and set(value) == {FILE_KEY}:
        yield Path(value[FILE_KEY])
    else:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for part in inner:
            yield from _files(part)


def import_files(graph: Graph, folder: Path) -> Graph:
    """Store the files that the graph's arguments name and refer to them by artifact name.

    Raises:
        UserError: a file cannot be read, or its copy cannot be written.
    """
    store = ArtifactStore(folder)
    nodes = [msgspec.structs.replace(node, arguments=_import(_with_folder(node), store)) for node in graph.nodes]
    return msgspec.structs.replace(graph, nodes=tuple(nodes))


def _with_folder(node: Node) -> dict[str, Any]:
    """The arguments; a function's file with the folder where the modules beside it are found."""
    function = node.arguments.get("function")
    if node.capability != FUNCTION or not isinstance(function, dict) or "file" not in function:
        return node.arguments
    folder = str(Path(function["file"][FILE_KEY]).absolute().parent)
    return {**node.arguments, "function": {**function, "folder": folder}}


def renew_functions(graph: Graph, folder: Path) -> Graph:
    """Take the files of functions in again as they are now; those that are gone stay as they were.

    Raises:
        UserError: a file cannot be read, or its copy cannot be written.
    """
    store = ArtifactStore(folder)
    nodes = [msgspec.structs.replace(node, arguments=_renewed(node, store)) for node in graph.nodes]
    return msgspec.structs.replace(graph, nodes=tuple(nodes))


def _renewed(node: Node, store: ArtifactStore) -> dict[str, Any]:
    function = node.arguments.get("function")
    if node.capability != FUNCTION or not isinstance(function, dict) or "folder" not in function:
        return node.arguments
    origin = Path(function["folder"], Path(function["file"][FILE_KEY]).name)
    if not origin.is_file():
        return node.arguments
    return {**node.arguments, "function": {**function, "file": {FILE_KEY: _put(origin, store)}}}


def _import(value: Any, store: ArtifactStore) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, dict):
        if set(value) == {FILE_KEY}:
            return {FILE_KEY: _put(Path(value[FILE_KEY]), store)}
        return {key: _import(inner, store) for key, inner in value.items()}
    return [_import(inner, store) for inner in value] if isinstance(value, list) else value


def _put(path: Path, store: ArtifactStore) -> str:
    try:
        return store.put_input(path)
    except OSError as fault:
        raise UserError(f"cannot take in {path}: {fault.strerror}", "Check the file and the disk.", FAILED) from None
