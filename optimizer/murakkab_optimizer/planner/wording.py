"""Sentences about what a plan chose, and what would have come of another choice."""

from __future__ import annotations

import math

import msgspec

from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.planner.assign.nouns import Objective, Outcome, Pool, Problem, Solution
from murakkab_optimizer.planner.candidates import Way
from murakkab_optimizer.planner.settings import loads
from murakkab_optimizer.planner.speeds import drawn_height

EPSILON = 1e-9

UNITS = {"ttff": "s", "latency": "s", "cost": "US$", "energy": "Wh", "quality": "", "realtime": "s"}
"""Of the figures of a whole run."""


class Other(msgspec.Struct, frozen=True):
    """What comes out when one node is done in another way and all the others as planned."""

    way: Way
    outcome: Outcome
    broken: tuple[str, ...]


class Wording:
    """Words for one problem and its solution."""

    def __init__(self, problem: Problem, solution: Solution) -> None:
        self.problem, self.solution = problem, solution
        self.offers, self.objective = problem.cluster.offers, problem.objectives[0]

    def named(self, way: Way) -> str:
        """A model with the devices of one instance."""
        offer, devices = self.offers[way.candidate.offer], way.candidate.devices
        marks = (" (spot)" if is_spot(offer) else "") + (f" in {offer.region}" if offer.region else "")
        return f"{way.card.name} on {_devices(offer, devices)}{marks}"

    def compared(self, objective: Objective, other: Other, chosen: Way) -> str:
        """Figures of the whole with the chosen way and with another one."""
        named = self.told_apart(other.way, chosen)
        mine, its = figures(objective, self.solution.outcome, other.outcome)
        return f"{mine} against {its} with {named}"

    def why_not(self, other: Other, chosen: Way) -> str:
        """Which promise would be broken."""
        limits, outcome = self.problem.limits, other.outcome
        named = other.way.card.name if other.way.card.name != chosen.card.name else self.told_apart(other.way, chosen)
        broken = other.broken[0]
        if broken == "ttff" and outcome.first_s <= limits.ttff_s:
            late = outcome.ttff_s - limits.ttff_s
            return f"with {named} the viewer would have to wait {number(late)} s later on, and real time is promised"
        match broken:
            case "ttff":
                first, most = apart("ttff", outcome.first_s, limits.ttff_s)
                return f"{named} would show the first item after {first}; ttff {most} is promised"
            case "latency":
                took, most = apart("latency", outcome.latency_s, limits.latency_s)
                return f"{named} would take {took} in all; latency {most} is promised"
            case "cost":
                mine, most = apart("cost", outcome.cost_usd, limits.cost_usd)
                return f"{named} would cost {mine}; cost {most} is promised"
            case "energy":
                drawn, most = apart("energy", outcome.energy_wh, limits.energy_wh)
                return f"{named} would take {drawn}; energy {most} is promised"
            case "quality":
                gives, least = apart("quality", outcome.quality, limits.quality)
                return f"{named} would give quality {gives}; quality {least} is promised"
            case "realtime":
                wait = outcome.ttff_s - outcome.first_s
                return f"with {named} the viewer would have to wait {number(wait)} s, and real time is promised"
            case "cores":
                free = self.problem.cluster.cores * (1 - self.problem.reserve)
                return f"{named} would need {outcome.load - free:.2f} more cores than are free to keep real time"
            case "devices":
                return f"there are not enough {self.offers[other.way.candidate.offer].device.name} for {named}"
            case "memory":
                return f"there is not enough memory for {named}"
        return _apart(named, other.way, chosen)

    def told_apart(self, way: Way, chosen: Way) -> str:
        """Another configuration: by its model and devices, or where these are the same by its settings."""
        if kind(way) != kind(chosen):
            return self.named(way)
        mine, its = chosen.candidate.knobs, way.candidate.knobs
        if odd := ", ".join(f"{k} {v}" for k, v in its.items() if mine.get(k) != v):
            return f"{way.card.name} with {odd}"
        return f"{way.card.name} from {way.from_height:g} lines"

    def against(self, chosen: Way, other: Other) -> str:
        """Why another one was not taken."""
        if other.broken:
            return self.why_not(other, chosen)
        before, after = self.solution.outcome, other.outcome
        if self.objective == "quality" and other.way.quality < chosen.quality - EPSILON:
            return f"rated {other.way.quality:.3g} against {chosen.quality:.3g}"
        for objective in self.problem.objectives:
            if after.value(objective) > before.value(objective) + 1e-9:
                its, mine = figures(objective, after, before)
                return f"{_WORDS[objective]}: {its} against {mine}"
        return "as good"


_WORDS = {
    "quality": "worse",
    "latency": "slower",
    "ttff": "later first item",
    "cost": "dearer",
    "energy": "more energy",
}


def figures(objective: Objective, one: Outcome, other: Outcome) -> tuple[str, str]:
    """What two outcomes give for an objective, with as many digits as tell them apart."""
    first, second = (
        outcome.quality if objective == "quality" else outcome.value(objective) for outcome in (one, other)
    )
    return apart(objective, first, second)


def apart(name: str, one: float, other: float) -> tuple[str, str]:
    """Two figures of a whole run, with as many digits as tell them apart."""
    told = [(amount(name, one, digits), amount(name, other, digits)) for digits in range(3, 8)]
    return next((both for both in told if both[0] != both[1]), told[-1])


def amount(name: str, value: float, digits: int = 3) -> str:
    """A figure of a whole run for people, in its unit; US dollars with cents at least."""
    if name == "cost":
        small = math.floor(math.log10(abs(value))) if 0 < abs(value) < 1 else 0
        return f"${value:,.{digits - 1 - small}f}"
    return f"{number(value, digits)} {UNITS[name]}".strip()


def number(value: float, digits: int = 3) -> str:
    """A figure for people: so many digits, and all of those before the point."""
    return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"


def _apart(named: str, way: Way, chosen: Way) -> str:
    """Why a way does not go with what is done before or after it."""
    drawn, now = drawn_height(way.candidate.knobs), drawn_height(chosen.candidate.knobs)
    if way.card is chosen.card and loads(way.card, way.candidate.knobs) != loads(way.card, chosen.candidate.knobs):
        return f"{named} would be loaded anew for each of the steps that share it"
    if way.card.passes:
        return f"{named} hands pictures on as they are, and those before it are smaller than the canvas"
    if drawn and not now:
        return f"{named} would make pictures smaller than the canvas, and nothing enlarges them"
    if now and not drawn:
        return f"{named} would leave nothing to enlarge"
    return f"nothing is left for {named} to do: the pictures before it are as large as the canvas"


def _devices(offer: Offer, count: int) -> str:
    """Those of one instance."""
    if offer.device.kind == "gpu":
        return f"{count} {offer.device.name}" if count > 1 else offer.device.name
    return f"{count} core{'s' if count != 1 else ''}" if count else "part of a core"


def kind(way: Way) -> Pool:
    """Model, offer and devices of an instance: what tells ways apart but for their settings."""
    return way.candidate.pool


def is_spot(offer: Offer) -> bool:
    """Whether its devices may be taken away, as far as it matters."""
    return offer.spot and offer.device.kind == "gpu"


def provenance(way: Way) -> str:
    """Where an expected time comes from: in a few words, and behind a colon the details that are known."""
    if way.profile is None:
        return "never measured" if way.candidate.devices else "too short to count"
    found = way.profile.provenance
    words = {
        "measured": "measured here",
        "shipped": "measured on another machine",
        "scaled": "measured on another machine, scaled to this one",
        "cited": "published",
        "estimated": "estimated",
    }[found.kind]
    details = ", ".join(filter(None, [found.source, found.device, found.date]))
    return f"{words}: {details}" if details else words
