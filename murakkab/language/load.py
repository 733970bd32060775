"""Finds, reads and checks workflow files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .check import Checker
from .document import Data, Document, Place, Span
from .fields import NAME
from .flatten import Flattener
from .model import INPUT_TYPES, RESERVED, Metadata, Slo, WhereSpec, Workflow
from .problems import LIMIT, Problem, WorkflowError, describe, nearest, quoted
from .reading import read_document, read_text
from .used import Used

DEEPEST = 16
"""Workflows that may use each other, one inside the other."""

_PACKAGED = Path(__file__).parents[1] / "workflows"
_CHECKOUT = Path(__file__).parents[2] / "workflows"


def workflow_folder() -> Path:
    """The folder of the shipped workflows: inside the installed package, else in the checkout."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def find_workflow(name_or_path: str) -> Path:
    """Return the file of a workflow.

    Args:
        name_or_path: a ``.yaml`` path, or the name of a shipped workflow.

    Raises:
        WorkflowError: there is none; the message names the nearest one.
    """
    shipped = {file.stem: file for file in sorted(workflow_folder().glob("*.yaml"))}
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path)
    is_path = path.suffix in (".yaml", ".yml") or path.name != name_or_path
    message = "there is no such file" if is_path else "there is no shipped workflow of this name"
    with suppress(OSError, ValueError):
        if is_path and path.is_file():
            return path
        if is_path and path.is_dir():
            message = "it is a folder"
    hint = nearest(path.stem, shipped, what="shipped workflows")
    raise WorkflowError(
        [
            Problem(
                quoted(name_or_path),
                0,
                0,
                message,
                f"{hint}{'' if hint.endswith('?') else '.'} Or give the path of a .yaml file.",
            )
        ]
    )


def load_workflow(path: Path) -> Workflow:
    """Read and check a workflow file.

    Raises:
        WorkflowError: with every problem of the file.
    """
    workflow = parse_workflow(read_text(path), str(path))
    workflow._file = path
    return workflow


_ELSEWHERE = {
    "Cluster": "machines go behind --cluster {}; a workflow comes first",
    "Plan": "a plan goes behind --plan {}, and the workflow that it is of comes first",
    "Model": "cards of models are read from the folders in MURAKKAB_CATALOG",
}
"""Where files of other kinds are taken."""


def parse_workflow(text: str, file: str = "<text>") -> Workflow:
    """Check the text of a workflow.

    Args:
        text: YAML.
        file: what to call it in messages; other files that it names are looked for beside it.

    Raises:
        WorkflowError: with every problem of the text.
    """
    workflow = check_document(read_document(text, file))
    workflow._source_text = text
    return workflow


def check_document(document: Document, within: tuple[Path, ...] = ()) -> Workflow:
    """Check a workflow that was read, from whatever door it came.

    Args:
        document: plain data with the places of its parts.
        within: the files of the workflows that use it.

    Raises:
        WorkflowError: with every problem.
    """
    _refuse_other_kinds(document)
    document.data = _named(document)
    workflow, problems = _validate(document)
    flattener = Flattener(document, _loader(document, within))
    flat = flattener.flatten()
    checker = Checker(flattener)
    checker.check()
    problems += flattener.problems
    if document.problems or problems or workflow is None:
        raise WorkflowError({*document.problems, *problems})
    workflow._flat = flat
    workflow._warnings = tuple(sorted(checker.warnings()))
    return workflow


def _refuse_other_kinds(document: Document) -> None:
    """A file of another kind is no workflow at all: one problem says more than all that would follow."""
    kind = document.data.get("kind") if isinstance(document.data, dict) else None
    if not isinstance(kind, str) or kind not in _ELSEWHERE:
        return
    message = f"this is no workflow but a {kind}"
    hint = _ELSEWHERE[kind].format(document.file)
    raise WorkflowError([document.problem(document.value_span(("kind",)), message, hint)])


def _named(document: Document) -> Data:
    """The data with the name of the file for a workflow that does not say its own."""
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("metadata", {}), dict) or not data:
        return data
    if "name" in data.get("metadata", {}):
        return data
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(document.file).stem).strip("-_")
    name = stem if re.match(NAME, stem) else "workflow"
    return {**data, "metadata": {"name": name, **data.get("metadata", {})}}


def _loader(document: Document, within: tuple[Path, ...]) -> Callable[[str], Used]:
    """How the workflows that a document uses are found: beside it, or shipped."""
    known: dict[str, Used | WorkflowError] = {}

    def load(name: str) -> Used:
        if name not in known:
            try:
                known[name] = _load_used(name, document, within)
            except WorkflowError as fault:
                known[name] = fault
        found = known[name]
        if isinstance(found, WorkflowError):
            raise found
        return found

    return load


def _load_used(name: str, document: Document, within: tuple[Path, ...]) -> Used:
    if ":" in name:
        return _load_flow(name, document)
    beside = name.endswith((".yaml", ".yml")) or Path(name).name != name
    path = document.folder / name if beside and "\0" not in name else find_workflow(name)
    chain = (*within, Path(document.file).resolve())
    if len(chain) > DEEPEST:
        told = f"more than {DEEPEST} workflows use each other here"
        raise WorkflowError([Problem(quoted(name), 0, 0, told, "put the steps into fewer files")])
    if path.resolve() in chain:
        raise WorkflowError(
            [Problem(quoted(name), 0, 0, "it uses itself", "workflows cannot use each other in a circle")]
        )
    workflow = check_document(read_document(read_text(path), str(path)), chain)
    return Used(workflow.name, workflow.flat, workflow.inputs)


def _load_flow(name: str, document: Document) -> Used:
    """A workflow written in Python: ``file.py:flow``, beside the document, or ``package.module:flow``."""
    from murakkab.flow import find_flow

    place, _, flow = name.rpartition(":")
    used = find_flow(f"{document.folder / place}:{flow}" if place.endswith(".py") else name)
    return Used(used.name, used.flat, used.inputs)


def _validate(document: Document) -> tuple[Workflow | None, list[Problem]]:
    try:
        return Workflow.model_validate(document.data), []
    except ValidationError as fault:
        errors = fault.errors(include_url=False, include_input=True)
        return None, _merged(_translated(document, error) for error in errors[:LIMIT])


def _merged(problems: Iterable[Problem]) -> list[Problem]:
    """Tell what a value of several possible kinds may be in one problem."""
    merged: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        wanted, sign, got = problem.message.partition(", got ")
        key = (problem.line, problem.column, got or problem.message)
        if sign and key in merged:
            other = merged[key]
            either = f"{other.message.partition(sign)[0]} or {wanted.removeprefix('expected ')}{sign}{got}"
            problem = replace(other, message=either, hint=f"{other.hint}, or {problem.hint}")
        merged[key] = problem
    return list(merged.values())


def _translated(document: Document, error: ErrorDetails) -> Problem:
    """A problem of the model, told at its place in the file."""
    place, left = _place(document.data, error["loc"])
    context: dict[str, Data] = error.get("ctx", {})
    kind, value, name = error["type"], error["input"], str(error["loc"][-1]) if error["loc"] else ""
    if kind == "workflow":
        where = (*place, context["field"]) if context["field"] else place
        span = document.key_span(where) if context["key"] else document.value_span(where)
        return document.problem(span, context["message"], context["hint"])
    if kind == "missing":
        hint = _missing_hint(place, name, value)
        return document.problem(document.key_span(place), f"'{name}' is missing", hint)
    if kind == "extra_forbidden":
        message = f"the key {quoted(name)} is not known here"
        return document.problem(document.key_span(place), message, nearest(name, _fields(document.data, place)))
    if left and left[-1] == "[key]":
        return document.problem(document.key_span(place), f"{quoted(str(place[-1]))} is no valid name", _NAME_HINT)
    message, hint = _mismatch(kind, context, value, place, error["msg"])
    return document.problem(_span(document, place, kind, value), message, hint)


_NAME_HINT = "a name starts with a letter; letters, digits, '_' and (not in inputs) '-' may follow"


def _span(document: Document, place: Place, kind: str, value: Data) -> Span:
    if kind == "union_tag_invalid":
        return document.value_span((*place, "type"))
    key = value is None or kind in ("union_tag_not_found", "too_short")
    return document.key_span(place) if key else document.value_span(place)


def _mismatch(kind: str, context: dict[str, Data], value: Data, place: Place, said: str) -> tuple[str, str]:
    """Message and hint for a value of the wrong kind."""
    got = describe(value)
    match kind:
        case "string_type":
            hint = "put it in quotes" if isinstance(value, bool | int | float) else "write a text"
            return f"expected a text, got {got}", hint
        case "bool_type":
            return f"expected true or false, got {got}", "write true or false, without quotes"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"expected a group of 'name: value' lines, got {got}", "write them indented below this key"
        case "list_type":
            return f"expected a list, got {got}", "write [one, two]"
        case "too_short":
            return "this is empty", "write at least one entry"
        case "literal_error":
            return f"expected {context['expected']}, got {got}", f"write {context['expected']}"
        case "union_tag_not_found":
            types = f"types: {', '.join(INPUT_TYPES)}"
            return "'type' is missing", "; ".join(filter(None, (_misspelt("type", value), types)))
        case "union_tag_invalid":
            tag = value.get("type") if isinstance(value, dict) else value
            return f"there is no input type {quoted(str(tag))}", nearest(str(tag), INPUT_TYPES, what="types")
        case "string_too_short":
            return "this is empty", "write a text"
        case "string_pattern_mismatch":
            return f"{quoted(str(value))} is no valid name", _NAME_HINT
    return said, f"at {'.'.join(map(str, place))}" if place else ""


def _place(data: Data, loc: tuple[str | int, ...]) -> tuple[Place, list[str | int]]:
    """Follow a location of pydantic as far as the data goes; tags of unions are passed over."""
    place: list[str | int] = []
    left: list[str | int] = []
    for step in loc:
        inside = step in data if isinstance(data, dict) else isinstance(data, list) and isinstance(step, int)
        if inside:
            place.append(step)
            data = data[step]
        else:
            left.append(step)
    return tuple(place), left


def _fields(data: Data, place: Place) -> list[str]:
    """Keys that the model knows where the last key of ``place`` stands."""
    match place[:-1]:
        case ():
            return [field.alias or name for name, field in Workflow.model_fields.items()]
        case ("metadata",):
            return list(Metadata.model_fields)
        case (*_, "slo"):
            return list(Slo.model_fields)
        case (*_, "where"):
            return list(WhereSpec.model_fields)
        case ("inputs", str(name)):
            return list(INPUT_TYPES[data["inputs"][name]["type"]].model_fields)
    return list(RESERVED)


def _missing_hint(place: Place, name: str, group: Data) -> str:
    if meant := _misspelt(name, group):
        return meant
    match place, name:
        case (), "apiVersion":
            return "write 'apiVersion: murakkab/v1' at the top"
        case (), "kind":
            return "write 'kind: Workflow'"
        case (), _:
            return f"add a group '{name}:'"
        case ("nodes", _), _:
            return "say what the node does, for example 'capability: text-generation'"
    return f"add '{name}: ...'"


def _misspelt(name: str, group: Data) -> str:
    """A hint where a key of the group looks like the one that is missing; else nothing."""
    near = difflib.get_close_matches(name, list(group) if isinstance(group, dict) else [], n=1, cutoff=0.8)
    return f"is {quoted(near[0])} meant to be it?" if near else ""
