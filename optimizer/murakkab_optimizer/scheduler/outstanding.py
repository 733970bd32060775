"""What the shots that were begun leave for instances to do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from murakkab_optimizer.graph import Path

Works = dict[str, tuple[str, float]]
"""By stage, its model and seconds of work."""


class Outstanding:
    """Stages of shots that are not done, and by model the seconds that they take. No question looks at all shots."""

    def __init__(self) -> None:
        self._shots: dict[Path, Works] = {}
        self._waiting: defaultdict[str, float] = defaultdict(float)

    def __iter__(self) -> Iterator[Path]:
        """The shots, in the order of the show."""
        return iter(sorted(self._shots))

    def put(self, path: Path, works: Works) -> None:
        """So much is left to do of a shot."""
        self.drop(path)
        self._shots[path] = works
        for model, work in works.values():
            self._waiting[model] += work

    def done(self, path: Path, node: str) -> None:
        """A stage of a shot is done."""
        if (found := self._shots.get(path, {}).pop(node, None)) is not None:
            self._take(*found)

    def drop(self, path: Path) -> None:
        """Nothing of a shot is left to do."""
        for model, work in self._shots.pop(path, {}).values():
            self._take(model, work)

    def _take(self, model: str, work: float) -> None:
        """Rounding leaves no work where none is."""
        self._waiting[model] = max(self._waiting[model] - work, 0.0)

    def of(self, path: Path) -> Works:
        """What is left to do of a shot."""
        return self._shots.get(path, {})

    @property
    def waiting(self) -> Mapping[str, float]:
        """By model, seconds of its instances."""
        return self._waiting

    def under_way(self, begun: Mapping[Path, Collection[str]]) -> defaultdict[str, float]:
        """By model, what is left to do of stages that were begun: half of them, as far as anybody knows."""
        ahead: defaultdict[str, float] = defaultdict(float)
        for path, stages in begun.items():
            for node, (model, work) in self.of(path).items():
                if node in stages:
                    ahead[model] += work / 2
        return ahead
