"""Small models everywhere, large ones once a machine."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

LARGE_MB = 300
"""A model that takes more than this is held by one worker of a machine only."""

Usable = Collection[str] | None
"""Models that can be used at a worker; None for all."""


class Spread:
    """On each machine, large models on a worker each, from the last one; small ones on every worker that is left."""

    def place(
        self, models: Mapping[str, int], single: Collection[str], machines: Sequence[Mapping[str, Usable]]
    ) -> list[tuple[str, str]]:
        """Return (worker, model) pairs; for each worker in loading order.

        Args:
            models: memory in MiB by model, in the order in which a run first needs them.
            single: models of which no two tasks ever run at once; one worker of all machines is enough.
            machines: for each, its workers in the order in which they joined; machines that come later have such models
                first.

        """
        sole = self._sole(models, single, machines)
        pairs = []
        for number, workers in enumerate(machines):
            share = {model: memory for model, memory in models.items() if sole.get(model, number) == number}
            pairs += self._share(share, single, workers)
        return pairs

    @staticmethod
    def _sole(
        models: Mapping[str, int], single: Collection[str], machines: Sequence[Mapping[str, Usable]]
    ) -> dict[str, int]:
        """The number of the machine for each model of which one worker is enough."""
        sole = {}
        for turn, model in enumerate(name for name in models if name in single):
            able = [n for n, workers in enumerate(machines) if any(_can(model, usable) for usable in workers.values())]
            if able:
                sole[model] = able[-1 - turn % len(able)]
        return sole

    def _share(
        self, models: Mapping[str, int], single: Collection[str], workers: Mapping[str, Usable]
    ) -> list[tuple[str, str]]:
        """What one machine holds; a model whose worker cannot use it goes elsewhere there."""
        pairs = [
            (name, model) for name, model in self._spread(models, single, [*workers]) if _can(model, workers[name])
        ]
        placed = {model for _, model in pairs}
        for model, memory in models.items():
            if model not in placed:
                able = [name for name, usable in workers.items() if _can(model, usable)]
                pairs += self._spread({model: memory}, single, able)
        return pairs

    @staticmethod
    def _spread(models: Mapping[str, int], single: Collection[str], workers: Sequence[str]) -> list[tuple[str, str]]:
        """Worker number k begins with model number k, so that the first models of a run load side by side."""
        if not workers:
            return []
        homes: dict[str, list[str]] = {worker: [] for worker in workers}
        for number, model in enumerate(name for name, memory in models.items() if memory > LARGE_MB):
            homes[workers[-1 - number % len(workers)]].append(model)
        rest = [worker for worker, held in homes.items() if not held] or list(workers)
        shared = [name for name, memory in models.items() if memory <= LARGE_MB and name not in single]
        for number, worker in enumerate(rest):
            turn = number % len(shared) if shared else 0
            homes[worker] += shared[turn:] + shared[:turn]
        for number, model in enumerate(name for name in models if models[name] <= LARGE_MB and name in single):
            homes[rest[number % len(rest)]].append(model)
        longest = max(len(held) for held in homes.values())
        return [(w, held[i]) for i in range(longest) for w, held in homes.items() if i < len(held)]


def _can(model: str, usable: Usable) -> bool:
    return usable is None or model in usable
