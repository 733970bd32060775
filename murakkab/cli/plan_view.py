"""A plan for people: what does each node and why, what is promised, what stands in the way, what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from murakkab.cli.plan_binding import binding
from murakkab.cli.plan_print import bullets, console, grouped, part, show
from murakkab.cli.plan_reasons import sources, why_table
from murakkab.cli.plan_tables import node_table, promise_table, rung_table
from murakkab.cli.plan_words import rented
from murakkab.cli.wording import printable
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.plan import Plan

_PROVEN = 1e-4
"""Share below which a gap is rounding."""


def print_plan(
    plan: Plan,
    cards: Mapping[str, ModelCard],
    machines: str = "",
    out: Console | None = None,
    *,
    cores: int = 0,
    verbose: bool = False,
) -> None:
    """Print a plan on standard output.

    Args:
        plan: what is shown.
        cards: of the models, by name.
        machines: what it was made for, in words.
        out: where it is printed.
        cores: of the machines, where that is known.
        verbose: tell the sources of the times, too, and what else could have been chosen.
    """
    out = out or console()
    show(out, Text("\n").join(_head(plan, machines)))
    part(out, "Nodes", node_table(plan, cards))
    part(out, "Why", why_table(plan, cards, verbose=verbose))
    if lines := sources(plan, verbose=verbose):
        part(out, "Where the times come from", bullets(lines))
    if plan.rungs:
        part(
            out,
            _rungs(plan),
            rung_table(plan, cores),
        )
    if plan.predictions:
        part(out, "Promises", promise_table(plan))
        show(out, bullets(grouped((p.name, p.note) for p in plan.predictions)))
    if lines := binding(plan):
        part(out, "What binds", bullets(lines))
    if plan.notes:
        part(out, "Notes", bullets(plan.notes))
    if plan.defaults:
        part(out, "Defaults in force", bullets(plan.defaults))


def _head(plan: Plan, machines: str) -> Iterator[Text]:
    title = Text(printable(plan.workflow or "Plan"), style="bold")
    if plan.cluster or machines:
        title.append(f" on {printable(plan.cluster or 'this machine')}", style="bold")
    yield title.append(f" ({machines})" if machines else "", style="dim")
    wanted = ", then ".join(plan.objective) or "quality"
    yield Text(f"Best for {wanted} within the promises; {_proof(plan)}", style="dim")
    if hired := rented(plan.instances):
        yield Text(f"Takes {hired}", style="dim")


def _proof(plan: Plan) -> str:
    if plan.method != "exact":
        return "greedy planner, so a better plan may exist"
    if plan.gap is None or plan.gap >= 1:
        return "a better plan may exist"
    if plan.gap <= _PROVEN:
        return f"proven best within {_PROVEN:.2%}"
    return f"no plan is better by more than {plan.gap * 100:.2g}%"


def _rungs(plan: Plan) -> str:
    return f"Rungs of a shot ({', '.join(map(printable, plan.rungs[0].nodes))}): work for a second of the show"
