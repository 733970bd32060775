"""Which ready task runs next: one file a policy, and the registry that names them.

A distribution adds one by an entry point of the group ``murakkab.policies.queueing`` that names its class.
"""

from murakkab_optimizer.policies.queueing.base import Key, MovingPolicy, QueuePolicy, RenewingPolicy, TaskView
from murakkab_optimizer.policies.queueing.deadline_adaptive import DeadlineAdaptive
from murakkab_optimizer.policies.queueing.earliest_deadline import EarliestDeadline
from murakkab_optimizer.policies.queueing.fifo import Fifo
from murakkab_optimizer.policies.queueing.lars import Lars
from murakkab_optimizer.policies.queueing.least_slack import LeastSlack

GROUP = "murakkab.policies.queueing"

POLICIES: dict[str, type[QueuePolicy]] = {
    "deadline-adaptive": DeadlineAdaptive,
    "earliest-deadline": EarliestDeadline,
    "fifo": Fifo,
    "lars": Lars,
    "least-slack": LeastSlack,
}


def queue_policy(name: str) -> QueuePolicy:
    """Build the policy of that name; ValueError lists the valid names."""
    if (found := POLICIES.get(name)) is not None:
        return found()
    from importlib.metadata import entry_points

    plugins = entry_points(group=GROUP)
    if name in plugins.names:
        policy: QueuePolicy = plugins[name].load()()
        return policy
    valid = ", ".join(sorted({*POLICIES, *plugins.names}))
    raise ValueError(f"no queue policy is called '{name}'; choose one of: {valid}")


__all__ = ["GROUP", "POLICIES", "Key", "MovingPolicy", "QueuePolicy", "RenewingPolicy", "TaskView", "queue_policy"]
