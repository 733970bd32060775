"""Always the cheapest rung on which something moves."""

from __future__ import annotations

from murakkab_optimizer.policies.rungs.base import Choice, ShotView


class Lowest:
    """The cheapest rung that moves for every shot: a baseline."""

    def choose(self, view: ShotView) -> Choice:
        """The last rung that is not static."""
        return Choice(view.least, "always the cheapest one")
