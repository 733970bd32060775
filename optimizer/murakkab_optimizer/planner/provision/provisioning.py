"""The door to provisioning: the exact search, and the greedy plan where there is no time for it."""

from __future__ import annotations

from collections.abc import Callable

from murakkab_optimizer.planner.provision.greedy import plan_greedy
from murakkab_optimizer.planner.provision.nouns import Goal, Job, Offers, Provisioning


def provision(
    job: Job, offers: Offers, goal: Goal, *, prove: bool = False, may_go_on: Callable[[], bool] = lambda: True
) -> Provisioning:
    """Plan a job.

    Args:
        job: to be made.
        offers: devices.
        goal: what to make small, and what may not be exceeded.
        prove: go on until the gap is small, where time allows.
        may_go_on: asked between steps. When it says no, the best plan so far is given, with the bound so far; where
            there is none yet, the greedy one.

    Raises:
        NoProvisioningError: no plan keeps what is asked for, or none was found in time.
        ValueError: spot devices are asked for where there are none.

    """
    import msgspec

    from murakkab_optimizer.planner.provision.search import Search

    search = Search(job, offers, goal)
    found = search.plan(may_go_on)
    if prove:
        found = search.prove(may_go_on)
    if found is not None:
        return found
    greedy = plan_greedy(job, offers, goal)
    return msgspec.structs.replace(greedy, bound=float(search.bounds.values.min()))
