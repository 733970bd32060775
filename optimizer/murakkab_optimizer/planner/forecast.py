"""What a plan is expected to give, against what is promised."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgspec

from murakkab_optimizer.plan import Prediction
from murakkab_optimizer.planner.assign.nouns import INFINITE, Limits, Outcome, Solution
from murakkab_optimizer.planner.build import Built
from murakkab_optimizer.planner.candidates import Way
from murakkab_optimizer.planner.cold import cold
from murakkab_optimizer.planner.wording import UNITS, amount


def forecast(built: Built, solution: Solution, chosen: Sequence[Way]) -> list[Prediction]:
    """Every promise that can be made, with the value that is expected.

    Args:
        built: the problem.
        solution: of it.
        chosen: the way to do each node that has a capability.

    """
    return list(_Forecast(built, solution, chosen).predictions())


class _Forecast:
    def __init__(self, built: Built, solution: Solution, chosen: Sequence[Way]) -> None:
        self.built, self.solution, self.problem, self.chosen = built, solution, built.problem, chosen
        self.cold = cold(built.problem, solution.assignment)

    def predictions(self) -> Iterator[Prediction]:
        """In the order in which they are told."""
        outcome, limits, graph = self.solution.outcome, self.problem.limits, self.built.graph
        unknown = self._unknown()
        note = f"never measured, counted as nothing: {', '.join(unknown)}" if unknown else ""
        if graph.publish:
            cold_s = _ttff(self.cold, limits) if self.cold else None
            yield self._time("ttff", _ttff(outcome, limits), cold_s, limits.ttff_s, note)
        if limits.realtime and graph.publish:
            yield Prediction("realtime", "s", outcome.ttff_s - outcome.first_s, 0.0, note)
        cold_s = self.cold.latency_s if self.cold else None
        yield self._time("latency", outcome.latency_s, cold_s, limits.latency_s, note)
        yield self._money(limits.cost_usd)
        yield self._power(limits.energy_wh)
        quality = limits.quality or INFINITE
        yield self._prediction("quality", outcome.quality, quality, "share of the best that can be had here")

    def _time(self, name: str, value: float, cold_s: float | None, limit: float, note: str) -> Prediction:
        """A time with loaded models and, where that takes longer, one that begins with loading them."""
        found = self._prediction(name, value, limit, note)
        if cold_s is None or cold_s <= value:
            return found
        told = f"{amount(name, cold_s)} on a cold start, with all models to be loaded first"
        return msgspec.structs.replace(found, cold=cold_s, note="; ".join(filter(None, [note, told])))

    def _prediction(self, name: str, value: float, limit: float, note: str) -> Prediction:
        return Prediction(name, UNITS[name], value, None if math.isinf(limit) else limit, note)

    def _money(self, limit: float) -> Prediction:
        if not any(offer.price for offer in self.problem.cluster.offers):
            return Prediction("cost", "US$", None, None if math.isinf(limit) else limit, "this machine has no price")
        free = not self.solution.outcome.cost_usd
        note = "what is used has no price of its own here" if free else ""
        return self._prediction("cost", self.solution.outcome.cost_usd, limit, note)

    def _power(self, limit: float) -> Prediction:
        if not self.solution.outcome.energy_wh:
            told = "nothing here measures it"
            return Prediction("energy", "Wh", None, None if math.isinf(limit) else limit, told)
        metered = all(way.profile is not None and way.profile.energy in ("measured", "cited") for way in self.chosen)
        return self._prediction("energy", self.solution.outcome.energy_wh, limit, "" if metered else "estimated")

    def _unknown(self) -> list[str]:
        """Models that nobody measured, but for those whose work is too short to count."""
        unknown = [way for way in self.chosen if way.profile is None and way.candidate.devices]
        return list(dict.fromkeys(way.card.name for way in unknown))


def _ttff(outcome: Outcome, limits: Limits) -> float:
    """Seconds to the first item that is shown; with real time, to the earliest start without a wait."""
    return outcome.ttff_s if limits.realtime else outcome.first_s
