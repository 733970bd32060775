"""How many workers there should be: one file a policy, and the registry that names them.

A distribution adds one by an entry point of the group ``murakkab.policies.scaling`` that names its class.
"""

from murakkab_optimizer.policies.scaling.backlog import BacklogPolicy
from murakkab_optimizer.policies.scaling.base import QueueView, ScalingPolicy, Size

GROUP = "murakkab.policies.scaling"
DEFAULT = "backlog"

POLICIES: dict[str, type[ScalingPolicy]] = {"backlog": BacklogPolicy}


def scaling_policy(name: str) -> ScalingPolicy:
    """Build the policy of that name; ValueError lists the valid names."""
    if (found := POLICIES.get(name)) is not None:
        return found()
    from importlib.metadata import entry_points

    plugins = entry_points(group=GROUP)
    if name in plugins.names:
        policy: ScalingPolicy = plugins[name].load()()
        return policy
    valid = ", ".join(sorted({*POLICIES, *plugins.names}))
    raise ValueError(f"no scaling policy is called '{name}'; choose one of: {valid}")


__all__ = ["DEFAULT", "GROUP", "POLICIES", "QueueView", "ScalingPolicy", "Size", "scaling_policy"]
