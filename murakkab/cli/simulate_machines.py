"""The machines of ``murakkab simulate``: instances that are held, how long they take to load, how they cut a talk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from murakkab.engine.errors import UserError
from murakkab.engine.talk_cut import TalkCut, talk_cut
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.planner.workload import workload
from murakkab_optimizer.simulator import Deployment

_LOADED = "ttff is promised for loaded models"


def shown_s(graph: Graph) -> float:
    """Seconds that the show of a workflow lasts."""
    return workload(graph).show_s


def known_cut(graph: Graph, plan: Plan) -> TalkCut:
    """How what is said is cut, where programs of this machine film it; empty for what is planned for others."""
    from murakkab_runtimes.catalog import load_catalog

    found = talk_cut(graph, plan, {name: card.adapter for name, card in load_catalog().items()})
    return found if len(found.cut) > 1 else TalkCut()


def openings(graph: Graph, plan: Plan, options: Mapping[str, Any]) -> dict[str, float]:
    """By node, seconds of first tasks that runs on this machine showed; nothing is known of the machines of others."""
    from murakkab.profiling.firsts import known_firsts

    return {} if options["cluster"] else known_firsts(graph, plan)


def told_openings(graph: Graph, plan: Plan, options: Mapping[str, Any]) -> list[str]:
    """Where the seconds of first tasks come from; empty where they are those of the plan."""
    names = ", ".join(openings(graph, plan, options))
    return [f"seconds of first tasks are those that runs on this machine showed: {names}"] if names else []


def loads(plan: Plan, held: Deployment) -> dict[str, float]:
    """Seconds to load what a worker needs, by the name under which workers hold it."""
    from murakkab.engine.planning import load_seconds
    from murakkab_runtimes.catalog import load_catalog

    cards = load_catalog()
    names = {node.chosen.model: node.chosen.model for node in plan.nodes.values() if not node.chosen.devices}
    names |= {model: model for model in held.models} | {one.holds: one.model for one in held.instances}
    return {name: load_seconds(cards[model]) for name, model in names.items() if model in cards}


def cold_start(plan: Plan, *, warm: bool) -> list[str]:
    """That promises are for loaded models, where the first runs must load them; empty where nothing is to be told."""
    from murakkab.engine.planning import LOADED_S, load_seconds, models
    from murakkab_runtimes.catalog import load_catalog

    promised = any(told.name == "ttff" and told.limit is not None for told in plan.predictions)
    if warm or not promised or any(_LOADED in note for note in plan.notes):
        return []
    cards = load_catalog()
    loading = {name: load_seconds(cards[name]) for name in models(plan) if name in cards}
    slow = {name: seconds for name, seconds in loading.items() if seconds >= LOADED_S}
    names = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in slow.items())
    return [f"{_LOADED}; the first run loads: {names}; --warm leaves that out"] if slow else []


def with_instances(plan: Plan, cluster: Cluster, asked: Iterable[str]) -> Plan:
    """The plan with other numbers of instances: ``MODEL=N``.

    Raises:
        UserError: it holds no such model, or the cluster has no room for so many.
    """
    groups = list(plan.instances)
    for text in asked:
        model, sign, count = text.partition("=")
        if not sign or not count.isdigit() or not int(count):
            raise UserError(f"cannot read --instances {text}", "Write --instances MODEL=N, for example lanczos=4.")
        held = sorted({group.model for group in groups})
        if model not in held:
            raise UserError(f"the plan holds no instance of '{model}'", f"It holds: {', '.join(held)}.")
        groups = [msgspec.structs.replace(g, count=int(count)) if g.model == model else g for g in groups]
    plan = msgspec.structs.replace(plan, instances=tuple(groups))
    _check_room(plan, cluster)
    return plan


def _check_room(plan: Plan, cluster: Cluster) -> None:
    for offer in cluster.offers:
        place = (offer.device.name, offer.spot, offer.region)
        used = sum(g.devices * g.count for g in plan.instances if (g.device, g.spot, g.region) == place)
        if used > offer.count and offer.device.kind != "cpu":
            raise UserError(
                f"{used} {offer.device.name} are held and {cluster.name} has {offer.count}", "Hold fewer instances."
            )
