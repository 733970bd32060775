"""The kernel in virtual time: the decisions are those of the engine, the work is drawn from a plan."""

from murakkab_optimizer.simulator.arrivals import bursts, poisson
from murakkab_optimizer.simulator.deployment import Deployment, Instance, deployment, schedulable
from murakkab_optimizer.simulator.evictions import evictions
from murakkab_optimizer.simulator.figures import Figures, RunFigures, figures
from murakkab_optimizer.simulator.nouns import Fault, Job, Made, Recorded
from murakkab_optimizer.simulator.recorded import RecordedWork
from murakkab_optimizer.simulator.replay import replay
from murakkab_optimizer.simulator.simulation import Simulation
from murakkab_optimizer.simulator.trace import chrome_trace
from murakkab_optimizer.simulator.work import PlannedWork, WorkModel

__all__ = [
    "Deployment",
    "Fault",
    "Figures",
    "Instance",
    "Job",
    "Made",
    "PlannedWork",
    "Recorded",
    "RecordedWork",
    "RunFigures",
    "Simulation",
    "WorkModel",
    "bursts",
    "chrome_trace",
    "deployment",
    "evictions",
    "figures",
    "poisson",
    "replay",
    "schedulable",
]
