"""Makes plans for ``murakkab plan``; where no plan can be had, tells the nearest promises that can be kept."""

from __future__ import annotations

import math
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from murakkab.cli.plan_file import read_plan
from murakkab.cli.plan_words import NOT_TOLD, PROVEN, TIME_OVER, amount, figure
from murakkab.engine.errors import NO_PLAN, UserError
from murakkab.engine.lacking import refusal
from murakkab.engine.planning import PRICE, available, parse_pins, this_machine
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.planner import Here, NoPlanError, PinError, PlanRequest
from murakkab_optimizer.profiles.memory import Seen
from murakkab_runtimes.catalog import load_catalog, load_profiles

_FLAGS = {"ttff": "{}s", "latency": "{}s", "energy": "{}Wh", "realtime": "off"}
"""How a promise is written behind ``--slo NAME=``."""


@dataclass(frozen=True)
class PlanOptions:
    """The options of ``murakkab plan``.

    Attributes:
        cluster: a cluster file or the name of a shipped one; empty for this machine.
        slo: promises in place of those of the workflow.
        objective: in place of that of the workflow.
        use: pins.
        output: file for the plan.
        json: print JSON.
        verbose: print the sources of the times, and everything that could have been chosen.
        pareto: two objectives; empty for one plan.
        png: file for the picture of the front.
        in_force: file of the plan that runs now.
        time_limit_s: the search ends then with what it has.
        command: the words of the command line, to say how else it would work.
    """

    cluster: str = ""
    slo: tuple[str, ...] = ()
    objective: tuple[str, ...] = ()
    use: tuple[str, ...] = ()
    output: Path | None = None
    json: bool = False
    verbose: bool = False
    pareto: str = ""
    png: Path | None = None
    in_force: Path | None = None
    time_limit_s: float = 10.0
    command: tuple[str, ...] = ()


def make_request(graph: Graph, options: PlanOptions) -> PlanRequest:
    """What the planner is asked.

    A plan for this machine uses the models that are here, and what was measured here. A plan for other machines uses
    all models of the catalogue, and what was shipped or published.

    Raises:
        UserError: a pin or a file cannot be read.
        ClusterError: there is no such cluster, or something in it is wrong.
    """
    cards, profiles, seen = load_catalog(), load_profiles(), list[Seen]()
    if options.cluster:
        from murakkab_runtimes.clusters import find_cluster, read_cluster

        cluster = read_cluster(find_cluster(options.cluster))
        (usable, absent), here = _elsewhere(cards), _there(cluster)
    else:
        from murakkab.engine.here import memories
        from murakkab.profiling import known_profiles, this_cluster

        seen = list(memories())
        cluster, (usable, absent), here = this_cluster(), available(cards), this_machine()
        profiles = known_profiles(usable, profiles)
    until = time.monotonic() + options.time_limit_s
    return PlanRequest(
        graph=graph,
        cards=usable,
        profiles=profiles,
        cluster=cluster,
        absent=absent,
        pins=parse_pins(options.use, graph),
        here=here,
        in_force=read_plan(options.in_force).plan if options.in_force is not None else None,
        may_go_on=lambda: time.monotonic() < until,
        relax=not options.pareto,
        memories=seen,
    )


def attempt(make: Callable[[PlanRequest], list[Plan]], request: PlanRequest, command: Sequence[str]) -> list[Plan]:
    """The plans that ``make`` makes of a request.

    Raises:
        UserError: a pin names what does not exist (exit code 2), or no plan keeps what is promised (3); it names the
            nearest promises that can be kept, and a command that works.
    """
    try:
        return make(request)
    except PinError as fault:
        raise UserError(str(fault), "Change it, under --use or under where.") from None
    except NoPlanError as fault:
        if fault.lacking:
            raise refusal(fault, load_catalog()) from None
        told = advice(fault.nearest, fault.alone, command)
        if not fault.nearest and "--cluster" in " ".join(command):
            told = "Add what is missing to the cluster (`murakkab devices --cluster NAME` shows it)."
        if not fault.nearest and not request.may_go_on():
            told = "Allow more time, for example --time-limit 60."
        raise UserError(str(fault), told, NO_PLAN) from None


def advice(nearest: Mapping[str, float], alone: bool, command: Sequence[str]) -> str:
    """The nearest promises that can be kept, in words and as a command line.

    Args:
        nearest: value by promise.
        alone: whether one of them is enough.
        command: the words that were given.
    """
    if not nearest:
        return "`murakkab doctor` shows what is here; or promise less."
    told = [f"{name} {_figure(name, within(name, value))}" for name, value in nearest.items() if name != "realtime"]
    told += ["no promise of realtime"] if "realtime" in nearest else []
    between = ", or " if alone else ", with "
    tried = dict(list(nearest.items())[:1]) if alone else nearest
    return f"The nearest that can be kept: {between.join(told)}.\n  Try: {shlex.join(_changed(command, tried))}"


def _figure(name: str, value: float) -> str:
    return amount(value) if name == "quality" else figure(name, value)


def within(name: str, value: float) -> float:
    """A value that is certainly kept where ``value`` just is: three digits, rounded to the safe side."""
    if value == 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    whole = math.floor(value / step + 1e-6) if name == "quality" else math.ceil(value / step - 1e-6)
    return float(f"{whole * step:.12g}")


def _changed(command: Sequence[str], promises: Mapping[str, float]) -> Iterator[str]:
    """The command with other promises."""
    words = iter(command)
    for word in words:
        flag, sign, value = word.partition("=")
        if flag == "--slo":
            value = value if sign else next(words, "")
            if value.partition("=")[0].strip() in promises:
                continue
            yield from (flag, value)
        else:
            yield word
    for name, nearest in promises.items():
        yield from ("--slo", f"{name}={_FLAGS.get(name, '{}').format(f'{within(name, nearest):g}')}")


def _elsewhere(cards: Mapping[str, ModelCard]) -> tuple[list[ModelCard], dict[str, str]]:
    """Split the catalogue into what other machines could use and the rest: what has no address cannot be reached."""
    usable: list[ModelCard] = []
    absent: dict[str, str] = {}
    for card in cards.values():
        variable = card.options.get("needs_environment")
        if variable and not os.environ.get(variable):
            absent[card.name] = f"set {variable}"
        else:
            usable.append(card)
    return usable, absent


def _there(cluster: Cluster) -> Here:
    """The place of other machines: what they have; their offers say where they are."""
    devices = [name for offer in cluster.offers for name in (offer.device.kind, offer.device.name)]
    return Here(tuple(dict.fromkeys(devices)))


def with_origin(plan: Plan, request: PlanRequest, told: Sequence[str]) -> Plan:
    """The plan with its names, and with what nobody said of the inputs."""
    graph = request.graph
    return msgspec.structs.replace(
        plan,
        workflow=plan.workflow or graph.name,
        cluster=plan.cluster or request.cluster.name,
        objective=plan.objective or graph.slo.objective or ("quality",),
        defaults=(*told, *plan.defaults),
        notes=plan.notes if request.may_go_on() else (*plan.notes, _ended(plan, request)),
    )


def check_told(plan: Plan, request: PlanRequest) -> None:
    """Refuse a plan for a promise or an objective of which nothing can be told on these machines.

    Raises:
        UserError: that of the cost, where nothing has a price.
    """
    unknown = next((told for told in plan.predictions if told.name == "cost" and told.value is None), None)
    if unknown is None or (unknown.limit is None and "cost" not in request.graph.slo.objective):
        return
    what = "made best" if unknown.limit is None else "kept"
    raise UserError(
        f"the cost cannot be {what}: {unknown.note}",
        f"Say what an hour of it costs, in US dollars: {PRICE}=0.2 murakkab plan ...",
        NO_PLAN,
    )


def _ended(plan: Plan, request: PlanRequest) -> str:
    """What may be missing where time was over."""
    proven = request.relax and plan.gap is not None and plan.gap <= PROVEN
    return NOT_TOLD if proven else TIME_OVER
