"""Small models everywhere, large ones once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LARGE_MB = 300
"""A model that takes more than this is held by one worker only."""


class Spread:
    """Holds each small model on every worker and each large one on the worker with the fewest of them."""

    def place(self, models: Mapping[str, int], workers: Sequence[str]) -> list[tuple[str, str]]:
        """Return (worker, model) pairs in loading order.

        Args:
            models: memory in MiB by model, in the order in which a run first needs them.
            workers: names, in the order in which they joined.

        Worker number k begins with model number k, so that the first models of a run load side by side.

        """
        if not workers:
            return []
        small = [name for name, memory in models.items() if memory <= LARGE_MB]
        large = [name for name, memory in models.items() if memory > LARGE_MB]
        homes: dict[str, list[str]] = {worker: [] for worker in workers}
        for number, model in enumerate(large):
            homes[workers[-1 - number % len(workers)]].append(model)
        for number, worker in enumerate(workers):
            turn = number % len(small) if small else 0
            homes[worker] = small[turn:] + small[:turn] + homes[worker]
        longest = max(len(held) for held in homes.values())
        return [(w, held[i]) for i in range(longest) for w, held in homes.items() if i < len(held)]
