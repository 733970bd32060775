"""Which worker holds which model before it is asked for."""

from murakkab_optimizer.policies.placement.spread import Spread

__all__ = ["Spread"]
