"""How long a load may take: a worker says nothing meanwhile."""

from __future__ import annotations

from murakkab_optimizer.catalog import ModelCard

_LOADS = 3.0
"""A load may take so many times what the model's card says."""

_SLOWEST_MB_S = 50.0
"""A disk or network that weights come from is at least this fast."""


def loading_s(card: ModelCard) -> float:
    """Seconds after which a load hangs, by what is known of the model; 0 where nothing is."""
    return max(_LOADS * card.load_s, card.weights_mb / _SLOWEST_MB_S)
