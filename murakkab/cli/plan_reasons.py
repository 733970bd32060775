"""Why a plan is as it is: the reasons of its choices, the next best ones, and where the times come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from murakkab.cli.plan_print import bullets, grouped, plain
from murakkab.cli.plan_words import place, seconds, settings
from murakkab.cli.wording import printable
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.plan import Configuration, NodePlan, Plan

_WITH_NAMES = ("published", "estimated")
"""Provenances that say nothing without the name of the publication."""

_BY_RUNS = re.compile(r"times [\d.]+ by what \d+ runs? took")
"""What a source says of the correction by runs."""

_INFERRED = ("of ", "by a model of ", "interpolated ", "extrapolated ")
"""What the first part of a source begins with where no figure was taken at the conditions of the plan."""


def why_table(plan: Plan, cards: Mapping[str, ModelCard], *, verbose: bool) -> RenderableType:
    """The reasons of nodes with a choice, one a paragraph; of the others each reason once."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    alone = []
    for name, choice in plan.nodes.items():
        if choice.runner_up is None and not choice.alternatives:
            alone.append((name, choice.reason))
        else:
            table.add_row(plain(name), Text("\n".join(_why(choice, cards, verbose=verbose))))
    parts: list[RenderableType] = [table] if table.row_count else []
    return Group(*parts, bullets(grouped(alone)))


def _why(choice: NodePlan, cards: Mapping[str, ModelCard], *, verbose: bool) -> Iterator[str]:
    reason, other = printable(choice.reason), _next_best(choice, cards)
    yield other if reason in other else "; ".join(filter(None, (reason, other)))
    told = [(printable(model), printable(_bare(why))) for model, why in choice.alternatives] if verbose else []
    yield from (f"not {model}: {why}" for model, why in told if why not in f"{reason} {other}")


def _next_best(choice: NodePlan, cards: Mapping[str, ModelCard]) -> str:
    """The runner-up with what speaks against it; where there is none, what was refused first."""
    other = choice.runner_up
    if other is None:
        model, against = choice.alternatives[0]
        return "" if against == choice.reason else f"not {printable(model)}: {printable(against)}"
    against = _bare(dict(reversed(choice.alternatives)).get(other.model, ""))
    why_not = f" ({printable(against)})" if against else ""
    return f"next best: {configuration(other, cards, choice.chosen)}{why_not}"


def _bare(against: str) -> str:
    """Without the devices or settings that it is about, which are told beside it."""
    about, _, why = against.partition(": ")
    return why if why and about.startswith(("on ", "with ")) else against


def sources(plan: Plan, *, verbose: bool = False) -> list[str]:
    """Where the expected times come from, each with the nodes that rest on it; in a few words unless ``verbose``."""
    told = ((name, choice.provenance) for name, choice in plan.nodes.items())
    return grouped((name, words if verbose else in_short(words)) for name, words in told)


def in_short(provenance: str) -> str:
    """A provenance with the publication, with how a time was inferred and what runs said of it; no other details."""
    words, _, details = provenance.partition(": ")
    runs = _BY_RUNS.findall(details)
    if words not in _WITH_NAMES:
        return ", ".join((words, *runs))
    first, _, rest = details.partition("; ")
    how, source = (first, rest) if first.startswith(_INFERRED) else ("", details)
    return ", ".join(filter(None, (words, re.split("[,:]", source)[0], re.split(r",| \(", how)[0], *runs)))


def configuration(found: Configuration, cards: Mapping[str, ModelCard], beside: Configuration | None = None) -> str:
    """A configuration on one line: ``kokoro speed=2 on 1 core, 0.9 s a task, quality 0.80``.

    Settings are told where they are not at their defaults, or not those of the same model that it is compared with.

    Args:
        found: what is told.
        cards: of the models, by name.
        beside: what it is compared with; its device and quality are not told again.
    """
    card = cards.get(found.model)
    usual = beside.knobs if beside and beside.model == found.model else card.knobs if card else None
    parts = [" ".join(filter(None, (found.model, settings(found.knobs, usual))))]
    if beside is None or place(beside) != place(found):
        parts[0] += f" on {place(found)}"
    if found.seconds:
        parts.append(f"{seconds(found.seconds)} a task")
    if found.quality and (beside is None or beside.quality != found.quality):
        parts.append(f"quality {found.quality:.2f}")
    return ", ".join(parts)
