"""One rung for a whole run, chosen at its start."""

from __future__ import annotations

from murakkab_optimizer.policies.rungs.base import Choice, ShotView
from murakkab_optimizer.policies.rungs.staged import StagedForecast

SPARE = 1.1
"""How many times faster than it plays a show must be made."""


class PerRun:
    """The best rung that the profiles say keeps up with playback, for all shots: what a planner alone can do.

    Where stages are done by instances on accelerators, these must keep up as well as the cores.
    """

    def choose(self, view: ShotView) -> Choice:
        """That of the first shot."""
        if view.before is not None:
            return Choice(view.before, "chosen at the start of the run")
        for index, rung in enumerate(view.rungs):
            if not rung.static and _kept_up(view, index):
                return Choice(index, "the best one that the profiles say keeps up")
        return Choice(view.least, "none keeps up, as the profiles say")


def _kept_up(view: ShotView, index: int) -> bool:
    """Whether the cores keep up with a rung, and the busiest of its instances."""
    forecast = view.forecasts[index]
    busy = forecast.busy if isinstance(forecast, StagedForecast) else 0.0
    return view.rungs[index].load * SPARE <= view.cores and busy * SPARE <= 1
