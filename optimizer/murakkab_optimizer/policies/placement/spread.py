"""Small models everywhere, large ones once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

LARGE_MB = 300
"""A model that takes more than this is held by one worker only."""


class Spread:
    """Large models on a worker each, from the last one; small ones on every worker that is left."""

    def place(
        self, models: Mapping[str, int], single: Collection[str], workers: Sequence[str]
    ) -> list[tuple[str, str]]:
        """Return (worker, model) pairs in loading order.

        Args:
            models: memory in MiB by model, in the order in which a run first needs them.
            single: models of which no two tasks ever run at once; one worker is enough.
            workers: names, in the order in which they joined.

        Worker number k begins with model number k, so that the first models of a run load side by side.
        """
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
