"""Why there is no plan on this machine, and what would help."""

from __future__ import annotations

from collections.abc import Mapping

from murakkab.engine.errors import NO_PLAN, UserError
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.planner import NoPlanError


def refusal(fault: NoPlanError, cards: Mapping[str, ModelCard]) -> UserError:
    """The error for a workflow of which there is no plan here.

    Args:
        fault: what the planner says.
        cards: of the catalogue, those included that cannot be used here.
    """
    if not fault.lacking:
        return UserError(str(fault), "`murakkab doctor` shows what is here; or promise less.", NO_PLAN)
    from murakkab.engine.planning import obstacle

    could = [f"{card.name} ({obstacle(card)})" for card in cards.values() if card.capability == fault.lacking]
    told = f"; these could: {', '.join(could)}" if could else ""
    return UserError(
        f"{fault}{told}",
        "Install what is missing (`murakkab doctor`), or plan for other machines: `murakkab plan --cluster NAME`.",
        NO_PLAN,
    )
