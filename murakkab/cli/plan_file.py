"""Plans in files: ``{"apiVersion": "murakkab/v1", "kind": "Plan", "metadata": {...}, "nodes": {...}, ...}``.

Beside ``metadata`` stand the fields of ``murakkab_optimizer.plan.Plan``. The ``plan.json`` in the folder of a run has
these fields alone; it can be read too.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from murakkab.cli.plan_sound import unsound
from murakkab.engine.errors import UserError
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Plan

API_VERSION, KIND = "murakkab/v1", "Plan"
_LARGEST = 50_000_000


class Origin(msgspec.Struct, frozen=True):
    """What a plan was made from.

    Attributes:
        workflow: its name.
        graph: digest of the structure of its graph, see ``structure``.
        cluster: name of the machines.
        machines: what they have, in words.
        date: ISO 8601, UTC.
        version: of Murakkab.

    """

    workflow: str = ""
    graph: str = ""
    cluster: str = ""
    machines: str = ""
    date: str = ""
    version: str = ""


class PlanFile(msgspec.Struct, frozen=True):
    """A plan and where it comes from."""

    plan: Plan
    origin: Origin = Origin()


def structure(graph: Graph) -> str:
    """Digest of the nodes of a graph and of what flows between them, whatever its inputs and promises are."""
    facts = [
        (
            node.name,
            node.capability,
            sorted((edge.source, edge.depth, edge.many, edge.final) for edge in node.edges),
            node.for_each,
            node.streams,
            node.join,
            node.when is not None,
            node.repeat > 0,
            node.body,
        )
        for node in graph.nodes
    ]
    return "sha256:" + hashlib.sha256(msgspec.json.encode([*facts, graph.publish])).hexdigest()


def origin_of(graph: Graph, plan: Plan, machines: str) -> Origin:
    """Where a plan comes from that is made now."""
    import time
    from importlib.metadata import version

    date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Origin(graph.name, structure(graph), plan.cluster, machines, date, version("murakkab"))


def document(file: PlanFile) -> dict[str, Any]:
    """A plan as JSON."""
    head = {"apiVersion": API_VERSION, "kind": KIND, "metadata": msgspec.to_builtins(file.origin)}
    return {**head, **msgspec.to_builtins(file.plan)}


def text(file: PlanFile) -> str:
    """A plan as the text of a file."""
    return msgspec.json.format(msgspec.json.encode(document(file)), indent=2).decode() + "\n"


def read_plan(path: Path) -> PlanFile:
    """Read a plan from a file.

    Raises:
        UserError: there is none, it holds no plan, or one that does not agree with itself.
    """
    found = _json(path)
    if not isinstance(found, dict) or "nodes" not in found:
        raise _no_plan(path, "there is no plan in it")
    metadata = found.pop("metadata", {})
    version, kind = found.pop("apiVersion", API_VERSION), found.pop("kind", KIND)
    if kind != KIND:
        raise _no_plan(path, f"it is of kind '{kind}' and no plan")
    if version != API_VERSION:
        raise UserError(f"{path}: it is written in '{version}'; known is {API_VERSION}", "Make the plan anew.")
    try:
        file = PlanFile(msgspec.convert(found, Plan), msgspec.convert(metadata, Origin))
    except msgspec.ValidationError as fault:
        raise _no_plan(path, str(fault)) from None
    if told := [*unsound(file.plan)]:
        raise _no_plan(path, "\n".join(told))
    return file


def _json(path: Path) -> Any:  # noqa: ANN401 - JSON of any shape
    try:
        if path.stat().st_size > _LARGEST:
            raise _no_plan(path, "it is too large for a plan")
        return msgspec.json.decode(path.read_bytes())
    except OSError as fault:
        raise UserError(
            f"cannot read {path}: {fault.strerror}", "Make it with `murakkab plan WORKFLOW -o FILE`."
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise _no_plan(path, f"it is no JSON: {fault}") from None


def _no_plan(path: Path, why: str) -> UserError:
    return UserError(f"{path}: {why}", "`murakkab plan WORKFLOW -o FILE` writes a plan.")
