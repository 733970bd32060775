"""One rung for a whole run, chosen at its start."""

from __future__ import annotations

from murakkab_optimizer.policies.rungs.base import Choice, ShotView

SPARE = 1.1
"""How many times faster than it plays a show must be made."""


class PerRun:
    """The best rung that the profiles say keeps up with playback, for all shots: what a planner alone can do."""

    def choose(self, view: ShotView) -> Choice:
        """That of the first shot."""
        if view.before is not None:
            return Choice(view.before, "chosen at the start of the run")
        for index, rung in enumerate(view.rungs):
            if not rung.static and rung.load * SPARE <= view.cores:
                return Choice(index, "the best one that the profiles say keeps up")
        return Choice(view.least, "none keeps up, as the profiles say")
