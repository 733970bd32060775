"""Whether a plan from a file can be carried out as it stands: by this workflow, on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from murakkab.cli.plan_file import PlanFile, structure
from murakkab.engine.errors import NO_PLAN, USAGE, UserError
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.hardware import CPU
from murakkab_optimizer.plan import Configuration, Plan
from murakkab_optimizer.planner.knobs import refusal_of


def check_fit(file: PlanFile, path: Path, graph: Graph, cores: int) -> None:
    """Refuse a plan that this run could not follow exactly.

    Args:
        file: the plan.
        path: where it was read.
        graph: of the run.
        cores: of this machine.

    Raises:
        UserError: it is a plan of another workflow, or names what does not exist (exit code 2) or is not here (3).
    """
    _check_workflow(file, path, graph)
    from murakkab_runtimes.catalog import load_catalog

    cards = load_catalog()
    nodes = [node for node in graph.nodes if node.capability]
    wrong = [told for node in nodes for chosen in _tried(node, file.plan) for told in _wrong(node, chosen, cards)]
    if wrong:
        raise UserError(f"{path}: " + "\n".join(dict.fromkeys(wrong)), _renew(graph, path), USAGE)
    lacking = [told for node in nodes for told in _lacking(node, file.plan.nodes[node.name].chosen, cards, cores)]
    if lacking:
        raise UserError(f"{path}: " + "\n".join(lacking), f"Plan for this machine: {_command(graph, path)}", NO_PLAN)


def _check_workflow(file: PlanFile, path: Path, graph: Graph) -> None:
    name = file.origin.workflow or file.plan.workflow
    if name and name != graph.name:
        raise UserError(f"{path} is a plan of '{name}', and this is '{graph.name}'", _renew(graph, path))
    wanted = {node.name for node in graph.nodes if node.capability}
    if missing := sorted(wanted - set(file.plan.nodes)):
        raise UserError(f"{path} says nothing of the node '{missing[0]}' of '{graph.name}'", _renew(graph, path))
    if more := sorted(set(file.plan.nodes) - wanted):
        raise UserError(f"{path} plans a node '{more[0]}', which '{graph.name}' does not have", _renew(graph, path))
    if file.origin.graph and file.origin.graph != structure(graph):
        raise UserError(f"'{graph.name}' has changed since {path} was made", _renew(graph, path))


def _tried(node: Node, plan: Plan) -> list[Configuration]:
    """The configurations that a run may use for a node."""
    return [plan.nodes[node.name].chosen, *(rung.nodes[node.name] for rung in plan.rungs if node.name in rung.nodes)]


def _wrong(node: Node, chosen: Configuration, cards: Mapping[str, ModelCard]) -> Iterator[str]:
    """What a configuration names that does not exist."""
    card = cards.get(chosen.model)
    if card is None:
        yield f"node '{node.name}': there is no model '{chosen.model}' in the catalogue"
        return
    if card.capability != node.capability:
        yield f"node '{node.name}' needs '{node.capability}', and {card.name} does '{card.capability}'"
    faults = (refusal_of(card, knob, value) for knob, value in chosen.knobs.items())
    yield from (f"node '{node.name}': {why}" for why in faults if why)


def _lacking(node: Node, chosen: Configuration, cards: Mapping[str, ModelCard], cores: int) -> Iterator[str]:
    """What a configuration needs that is not here."""
    from murakkab.engine.planning import obstacle

    if lacking := obstacle(cards[chosen.model]):
        yield f"node '{node.name}' is planned with '{chosen.model}', which cannot be used here: {lacking}"
    elif chosen.device not in ("", CPU) and chosen.devices:
        yield f"node '{node.name}' is planned on {chosen.devices} {chosen.device}, and this machine has none"
    elif chosen.needs.threads > cores:
        yield f"node '{node.name}' is planned with {chosen.needs.threads} threads, and this machine has {cores}"


def _renew(graph: Graph, path: Path) -> str:
    return f"Make a plan of it: {_command(graph, path)}"


def _command(graph: Graph, path: Path) -> str:
    return f"murakkab plan {graph.name} -o {path}"
