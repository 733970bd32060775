"""How many instances of which model on which devices: provisioning of a whole job, with a proof.

``provision`` gives a plan and a bound that no plan betters; ``plan_greedy`` one without a bound, at once.
"""

from murakkab_optimizer.planner.provision.evaluate import evaluate
from murakkab_optimizer.planner.provision.greedy import plan_greedy
from murakkab_optimizer.planner.provision.nouns import (
    Entry,
    Goal,
    Instances,
    Job,
    NoProvisioningError,
    Option,
    Outcome,
    Provisioning,
)
from murakkab_optimizer.planner.provision.provisioning import provision

__all__ = [
    "Entry",
    "Goal",
    "Instances",
    "Job",
    "NoProvisioningError",
    "Option",
    "Outcome",
    "Provisioning",
    "evaluate",
    "plan_greedy",
    "provision",
]
