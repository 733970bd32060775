"""The nouns of provisioning: what one instance of a model does in a job, what is asked for and what comes out."""

from __future__ import annotations

from typing import Literal

import msgspec

from murakkab_optimizer.hardware import Offer

Key = tuple[str, int]
"""Device type and devices of one instance."""


class Entry(msgspec.Struct, frozen=True):
    """What one instance of a model on some devices does of a job; see ``evaluate`` for the meaning of the fields.

    Attributes:
        model: name.
        device: name of the device type.
        devices: of one instance.
        first_s: seconds for the first chunk of the show.
        parallel: whether several instances may share the work.
        time_all_s: seconds for all the work of one instance alone.
        capacity: speed, by which the groups of instances share the work.
        units: of work in the whole job, each ``unit_s`` seconds.
        unit_s: seconds of one unit.
        extra_units: of a second kind of work, each ``extra_unit_s`` seconds.
        extra_unit_s: seconds of one of them.

    """

    model: str
    device: str
    devices: int
    first_s: float
    parallel: bool = False
    time_all_s: float = 0.0
    capacity: float = 0.0
    units: int = 0
    unit_s: float = 0.0
    extra_units: int = 0
    extra_unit_s: float = 0.0

    @property
    def shortest_s(self) -> float:
        """Seconds that a group of such instances takes at least, however little of the work it has."""
        return self.unit_s + (self.extra_unit_s if self.extra_units else 0.0)


class Option(msgspec.Struct, frozen=True):
    """One way to cut the job into models; all models that its entries name are needed.

    Attributes:
        disaggregate: by model, whether its denoiser and its VAE are apart.
        entries: one for each model, device type and number of devices.

    """

    disaggregate: dict[str, bool]
    entries: tuple[Entry, ...]

    def models(self) -> dict[str, list[Entry]]:
        """Entries by model."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.model, []).append(entry)
        return found


class Job(msgspec.Struct, frozen=True):
    """A show to be made.

    Attributes:
        options: ways to cut it into models.
        video_s: seconds that the show lasts; the viewer watches while the rest is made.

    """

    options: tuple[Option, ...]
    video_s: float


class Goal(msgspec.Struct, frozen=True):
    """What to make small, and what may not be exceeded.

    Attributes:
        objective: ``cost`` or ``ttff``.
        ttff_s: seconds to the first frame, at most.
        cost_usd: US dollars, at most.

    """

    objective: Literal["cost", "ttff"] = "cost"
    ttff_s: float = float("inf")
    cost_usd: float = float("inf")


class Instances(msgspec.Struct, frozen=True):
    """A group of equal instances of a model."""

    model: str
    device: str
    devices: int
    count: int = 1


class Outcome(msgspec.Struct, frozen=True):
    """What a plan gives: seconds of all the work, to the first chunk and to the first frame; US dollars."""

    total_s: float
    first_chunk_s: float
    ttff_s: float
    cost_usd: float

    def value(self, goal: Goal) -> float:
        """What the goal wants small."""
        return self.cost_usd if goal.objective == "cost" else self.ttff_s

    def keeps(self, goal: Goal) -> bool:
        """Whether nothing is exceeded."""
        return self.ttff_s <= goal.ttff_s + 1e-9 and self.cost_usd <= goal.cost_usd + 1e-9


class Provisioning(msgspec.Struct, frozen=True):
    """A plan.

    Attributes:
        option: index into the options of the job.
        instances: of every model of the option.
        outcome: what it gives.
        bound: no plan at all has a smaller value of the objective than this.

    """

    option: int
    instances: tuple[Instances, ...]
    outcome: Outcome
    bound: float = 0.0

    def gap(self, goal: Goal) -> float:
        """Share of the value by which a better plan could be better at most."""
        value = self.outcome.value(goal)
        return max(value - self.bound, 0.0) / value


class NoProvisioningError(Exception):
    """No plan within the budget keeps what is asked for."""


Offers = tuple[Offer, ...]
