"""Lower bounds for all nodes at once, by pricing the devices (Lagrangian relaxation).

For prices ``L >= 0`` and a plan on devices ``r`` within the room ``R`` of its node: ``total_s >= total_s + L.(r - R)``.
The right side is a sum over models, which ``pricing`` bounds for each leader; ``space.total`` adds the models up
*keeping the first chunk exact*, for its limit is tight and its steps are few. So every front of sums, less ``L.R``,
bounds every node of its option from below, at any prices. Prices are searched around the node that looks best; what is
found there may serve all nodes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from murakkab_optimizer.planner.provision.nouns import NoProvisioningError
from murakkab_optimizer.planner.provision.pricing import Fixed, Floats
from murakkab_optimizer.planner.provision.space import Front, Limits, Model, Space, front, total

STEP, LEAST_STEP = 0.3, 0.05
"""Steps in the logarithm of the prices, at first and at last."""
MOST_TRIES = 25
"""After so many, steps become smaller even where they still gain."""
NEAR = 1.5
"""The horizon within which the first frame is sought at first, as a multiple of the earliest first chunk there can be;
it is moved on by this factor where nothing is found."""

Node = tuple[int, int]
"""Index of the option and of the servers."""


class Bounds:
    """Bounds of all nodes, and the prices that gave them.

    Attributes:
        values: by option and node.
        prices: that gave the value, by option, node and device type.

    """

    def __init__(self, space: Space) -> None:
        self.space = space
        shape = (len(space.options), len(space.rent))
        self.values = np.zeros(shape)
        self.prices = np.ones((*shape, len(space.devices)))
        self.horizon = space.goal.ttff_s
        self._steps: dict[Node, float] = {}
        self._tries: dict[Node, int] = {}
        for option, models in enumerate(space.options):
            if models is None:
                self.values[option] = np.inf
        if not np.isfinite(self.values).any():
            raise NoProvisioningError("a model fits on none of the offered devices")
        if space.goal.objective == "ttff":
            self.horizon = min(self.horizon, NEAR * space.least_first())
        self._begin()

    def best(self) -> Node:
        """The node with the smallest bound.

        Raises:
            NoProvisioningError: no node can keep what is asked for.

        """
        while True:
            option, node = (int(i) for i in np.unravel_index(int(self.values.argmin()), self.values.shape))
            value = float(self.values[option, node])
            if self._clipped and value >= self.horizon:
                self._look_further((option, node))
            elif np.isfinite(value):
                return option, node
            else:
                raise NoProvisioningError("no plan on the offered devices keeps what is asked for")

    @property
    def _clipped(self) -> bool:
        """Whether plans beyond the horizon may keep what is asked for."""
        return self.space.goal.objective == "ttff" and self.horizon < self.space.goal.ttff_s

    def _look_further(self, node: Node) -> None:
        further = self.horizon * NEAR
        self.horizon = (
            self.space.goal.ttff_s if further > self.space.last_first() else min(further, self.space.goal.ttff_s)
        )
        self._steps.clear()
        self.tighten(node)

    def tight(self, node: Node) -> bool:
        """Whether prices were searched to the end."""
        return self._steps.get(node, STEP) < LEAST_STEP

    def tighten(self, node: Node) -> float:
        """Search prices one step around those of a node; return its bound."""
        step, before = self._steps.get(node, STEP), float(self.values[node])
        self._try(node[0], self.prices[node] * np.exp(step * _star(len(self.space.devices))))
        after = float(self.values[node])
        self._tries[node] = self._tries.get(node, 0) + 1
        gained = after > before + 1e-4 * abs(before) and self._tries[node] % MOST_TRIES
        self._steps[node] = step if gained else step / 2.5
        return after

    def aim(self, node: Node, limits: Limits) -> tuple[Floats, float]:
        """Search the prices that say most about plans of a node within limits.

        Returns:
            The prices, and seconds that all the work of such a plan takes at least: more than the limit where there
            is none.

        """
        prices, step = self.prices[node], STEP
        least = self._least_total(node, prices[None], limits)[0]
        star = _star(len(self.space.devices))
        if self.space.goal.objective == "cost":  # the limit on first chunks is the same for all targets
            return prices, float(least)
        tries = 0
        while step >= LEAST_STEP and least <= limits.total:
            tries += 1
            around = prices * np.exp(step * star)
            found = self._least_total(node, around, limits)
            if found.max() > least + 1e-4 * abs(least) and tries % MOST_TRIES:
                least, prices = found.max(), around[found.argmax()]
            else:
                step /= 2.5
        return prices, float(least)

    def _least_total(self, node: Node, prices: Floats, limits: Limits) -> Floats:
        sums = (total(fronts, limits.first).cost for fronts in self._fronts(node[0], prices))
        least: Floats = np.array([c[-1] if len(c) else np.inf for c in sums]) - prices @ self.space.room[node[1]]
        return least

    def _begin(self) -> None:
        """Bounds at prices that would be right if the devices' worth followed their rent."""
        space = self.space
        rents = np.geomspace(space.rent.min(), space.rent.max(), 6)
        for option in np.argsort([self._work(models) for models in space.options]):
            models = space.options[option]
            if models is None:
                continue
            worth = self._work(models) / rents**2
            self._try(int(option), worth[:, None] * space.prices)

    def _work(self, models: list[Model] | None) -> float:
        """Dollars times seconds per hour squared: rent times seconds if all could be divided finely."""
        if models is None:
            return np.inf
        spent = [float((_seconds(m) * (_devices(m) @ self.space.prices)).min()) for m in models]
        return float(np.sqrt(spent).sum() ** 2)

    def _try(self, option: int, prices: Floats) -> None:
        for price, fronts in zip(prices, self._fronts(option, prices), strict=True):
            if self.space.goal.objective == "cost" and not np.isfinite(self.horizon):
                fronts = [Front(f.first[-1:], f.cost[-1:]) for f in fronts]
            self._learn(option, price, total(fronts, self.horizon))

    def _fronts(self, option: int, prices: Floats) -> Iterator[list[Front]]:
        """For each price, the front of each model."""
        models = self.space.options[option]
        assert models is not None
        costs = [model.bounds(prices) for model in models]
        for number in range(len(prices)):
            yield [front(m.first, c[number]) for m, c in zip(models, costs, strict=True)]

    def _learn(self, option: int, price: Floats, sums: Front) -> None:
        space = self.space
        if not len(sums.first):
            self.values[option] = np.maximum(self.values[option], self.horizon if self._clipped else np.inf)
            return
        if space.goal.objective == "cost":  # the first chunk is within its limit, and the total is all that counts
            sums = Front(sums.first[-1:], sums.cost[-1:])
        known = self.values[option]
        rows = np.flatnonzero(known < (self.horizon if self._clipped else np.inf))
        least = np.maximum(sums.cost - (space.room[rows] @ price)[:, None], 0.0)
        least[least > space.longest] = np.inf  # no plan takes so long: the node has too few devices
        values = space.value(sums.first, least, space.rent[rows, None]).min(axis=1)
        if self._clipped:  # what begins later than the horizon was left out
            values = np.minimum(values, self.horizon)
        rows, values = rows[values > known[rows]], values[values > known[rows]]
        known[rows] = values
        self.prices[option][rows] = price


def _seconds(model: Model) -> Floats:
    """Seconds of all the work by entry."""
    seconds: Floats = model.seconds if isinstance(model, Fixed) else model.work / model.capacity
    return seconds


def _devices(model: Model) -> Floats:
    """Devices of an instance by entry."""
    return model.devices if isinstance(model, Fixed) else model.each


def _star(types: int) -> Floats:
    """Directions: one type dearer or cheaper."""
    return np.concatenate([np.eye(types), -np.eye(types)])
