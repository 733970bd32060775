"""How good the next shot is made: one file a policy, and the registry that names them.

A distribution adds one by an entry point of the group ``murakkab.policies.rungs`` that names its class.
"""

from murakkab_optimizer.policies.rungs.adaptive import Adaptive
from murakkab_optimizer.policies.rungs.base import OPENING, Choice, Forecast, RungPolicy, ShotView
from murakkab_optimizer.policies.rungs.lowest import Lowest
from murakkab_optimizer.policies.rungs.per_run import PerRun
from murakkab_optimizer.policies.rungs.top import Top

GROUP = "murakkab.policies.rungs"
DEFAULT = "adaptive"

POLICIES: dict[str, type[RungPolicy]] = {"adaptive": Adaptive, "lowest": Lowest, "per-run": PerRun, "top": Top}


def rung_policy(name: str) -> RungPolicy:
    """Build the policy of that name; ValueError lists the valid names."""
    if (found := POLICIES.get(name)) is not None:
        return found()
    from importlib.metadata import entry_points

    plugins = entry_points(group=GROUP)
    if name in plugins.names:
        policy: RungPolicy = plugins[name].load()()
        return policy
    valid = ", ".join(sorted({*POLICIES, *plugins.names}))
    raise ValueError(f"no rung policy is called '{name}'; choose one of: {valid}")


__all__ = ["DEFAULT", "GROUP", "OPENING", "POLICIES", "Choice", "Forecast", "RungPolicy", "ShotView", "rung_policy"]
