"""Which ready task runs next: one file a policy, and the registry that names them."""

from murakkab_optimizer.policies.queueing.base import QueuePolicy, TaskView
from murakkab_optimizer.policies.queueing.earliest_deadline import EarliestDeadline
from murakkab_optimizer.policies.queueing.fifo import Fifo

POLICIES: dict[str, type[QueuePolicy]] = {"earliest-deadline": EarliestDeadline, "fifo": Fifo}


def queue_policy(name: str) -> QueuePolicy:
    """Build the policy of that name; ValueError lists the valid names."""
    try:
        return POLICIES[name]()
    except KeyError:
        raise ValueError(f"no queue policy is called '{name}'; choose one of: {', '.join(POLICIES)}") from None


__all__ = ["POLICIES", "QueuePolicy", "TaskView", "queue_policy"]
