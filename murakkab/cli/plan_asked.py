"""What two plans were made for: promises, objectives, machines, inputs; and what is known of the times by now."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from murakkab.cli.plan_file import PlanFile
from murakkab.cli.plan_reasons import in_short
from murakkab.cli.plan_words import figure, groups, seconds
from murakkab.cli.wording import printable
from murakkab_optimizer.plan import Plan

_NOTABLE = 0.01
"""Share by which seconds of a task must have moved to be told."""


class Asked(msgspec.Struct, frozen=True):
    """What was asked otherwise: ``what``, from ``before`` to ``after``."""

    what: str
    before: str
    after: str


def asked_otherwise(old: PlanFile, new: PlanFile) -> list[Asked]:
    """Promises, objective, machines and what nobody said, where they differ."""
    promises = [_promises(file.plan) for file in (old, new)]
    facts = [(name, *(of.get(name, "none") for of in promises)) for name in {**promises[0], **promises[1]}]
    facts.append(("objective", *(", then ".join(file.plan.objective) for file in (old, new))))
    machines = [file.origin.machines for file in (old, new)]
    if all(machines):
        facts.append(("machines", *machines))
    said = [file.plan.defaults for file in (old, new)]
    told = ["; ".join(line for line in mine if line not in other) for mine, other in (said, said[::-1])]
    facts.append(("defaults", told[0] or "none", told[1] or "none"))
    return [Asked(what, before, after) for what, before, after in facts if before != after]


def _promises(plan: Plan) -> dict[str, str]:
    return {p.name: _limit(p.name, p.limit) for p in plan.predictions if p.limit is not None}


def _limit(name: str, limit: float) -> str:
    if name == "realtime" and limit == 0:
        return "no wait"
    return f"{'at least' if name == 'quality' else 'at most'} {figure(name, limit)}"


def moved_times(old: Plan, new: Plan) -> Iterator[str]:
    """Nodes that are done as before and take other times, each with where the times come from."""
    for name, choice in new.nodes.items():
        before = old.nodes.get(name)
        if before is None or groups(before)[0].device != groups(choice)[0].device:
            continue
        one, other = before.chosen, choice.chosen
        same = (one.model, one.knobs, one.devices) == (other.model, other.knobs, other.devices)
        if same and abs(other.seconds - one.seconds) > _NOTABLE * one.seconds:
            why = _known_otherwise(before.provenance, choice.provenance)
            yield printable(f"{name}: {seconds(one.seconds)} -> {seconds(other.seconds)} a task; {why}")


def _known_otherwise(before: str, after: str) -> str:
    """What is different in where two times come from; where nothing is, where the second one comes from."""
    was, now = (in_short(words).split(", ") for words in (before, after))
    gone, come = (", ".join(part for part in one if part not in other) for one, other in ((was, now), (now, was)))
    if gone and come:
        return f"{gone} -> {come}"
    return come or _details(before, after) or (f"no longer {gone}" if gone else in_short(after))


def _details(before: str, after: str) -> str:
    """What a source says beyond the other one, where only that tells them apart."""
    known = {part.strip() for part in re.split("[;,:]", before)}
    return ", ".join(part.strip() for part in re.split("[;,:]", after) if part.strip() not in known)
