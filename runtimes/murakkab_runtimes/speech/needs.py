"""What an adapter's card names must be there before the adapter loads."""

from __future__ import annotations

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Unavailable, missing_parts, remedy


def require(card: ModelCard) -> None:
    """Raise Unavailable with the command that installs what is missing, if anything is."""
    missing = missing_parts(card)
    if missing:
        raise Unavailable(f"{card.name} needs {', '.join(missing)}; install it with: {remedy(card)}")
