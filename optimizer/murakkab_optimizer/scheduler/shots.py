"""The shots of one run: on which rung each is made, and what the run shows of how long that takes.

A shot is an item of the timeline. Its rung is decided when the first of its filming tasks starts and holds for all of
them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import msgspec

from murakkab_optimizer.graph import Path
from murakkab_optimizer.plan import Configuration, Plan, Rung
from murakkab_optimizer.policies.rungs import OPENING, Choice, Forecast, RungPolicy, ShotView
from murakkab_optimizer.scheduler.clock import Place, PlaybackClock
from murakkab_optimizer.scheduler.commands import MakeShot
from murakkab_optimizer.scheduler.events import ItemEmitted, ShotMade, TaskFinished
from murakkab_optimizer.scheduler.speeds import Speeds

SHOT_S = 5.0
"""Length of a shot of which nobody said it."""

TOO_LARGE = "more does not fit into the memory of the device"

OTHER_PLAN = "the plan was changed"


class Shots:
    """Rungs of the shots of a run.

    Args:
        run: its name.
        plan: whose rungs there are; at least one.
        clock: of the run.

    Attributes:
        demand: core-seconds that the run takes for a second of its show on the rung that it is on.

    """

    def __init__(self, run: str, plan: Plan, clock: PlaybackClock) -> None:
        self._run, self._clock = run, clock
        self._made: dict[Path, Rung] = {}
        self._open: dict[Path, float] = {}
        self._ahead_s = 0.0
        self._since = self._setbacks = 0
        self._rose = False
        self._before: int | None = None
        self._too_large: list[tuple[str, Configuration]] = []
        self._rungs, self._start = plan.rungs, plan.start
        self._nodes = tuple(self._rungs[0].nodes)
        self._speeds = Speeds(self._nodes)
        self._rest = [max(rung.load - _work(rung), 0.0) for rung in self._rungs]
        self._now = self._rungs[self._start]
        self.demand = self._now.load

    @property
    def nodes(self) -> tuple[str, ...]:
        """Those that make a shot, in their order."""
        return self._nodes

    def take_over(self, other: Shots) -> None:
        """Go on with shots of another plan: those that were begun stay, the next ones are made on these rungs.

        What the run has shown of its speeds holds on.
        """
        self._made, self._open, self._ahead_s = other._made, other._open, other._ahead_s
        self._since, self._setbacks, self._rose = other._since, other._setbacks, other._rose
        self._too_large, self._speeds = other._too_large, other._speeds
        self._speeds.follow(self._nodes)
        if other._before is not None:
            self._before = self._nearest(other._now)
            self._now = self._rungs[self._before]
        self._rescale(other._now, self._now)

    def follow(self, fixed: Callable[[Path], Collection[str]], now: float) -> Iterator[MakeShot]:
        """Find another rung for shots that were begun with a model of which the plan knows no more.

        Args:
            fixed: stages of a shot that were begun; they stay as they are.
            now: the time.

        """
        known = {(node, one.model) for rung in self._rungs for node, one in rung.nodes.items()}
        for path in sorted(self._open):
            begun, mine = fixed(path), self._made[path]
            if any((node, one.model) not in known for node, one in mine.nodes.items() if node not in begun):
                yield self._put(path, self._rungs[self._nearest(mine)], begun, now, OTHER_PLAN)

    def configuration(self, node: str, path: Path) -> Configuration | None:
        """What a filming task is done with: as its shot is made, or would be; None for other tasks."""
        if node not in self._nodes or (shot := self._clock.shot(node, path)) is None:
            return None
        return self._made.get(shot[1], self._now).nodes.get(node)

    def undecided(self, node: str, path: Path) -> Place | None:
        """The shot that a task is the first of; None where it is no filming task, or its shot was begun."""
        if node not in self._nodes or (shot := self._clock.shot(node, path)) is None:
            return None
        return None if shot[1] in self._made else shot

    def decide(self, shot: Place, policy: RungPolicy, now: float, cores: float) -> MakeShot:
        """Choose the rung of a shot; where nobody is promised to watch, that of the plan."""
        view = self._view(shot, now, cores)
        choice = policy.choose(view) if self._clock.watched else Choice(self._start, "as planned, for nobody watches")
        index = next((i for i in range(choice.index, len(self._rungs)) if self._fits(self._rungs[i])), choice.index)
        rung, reason = self._rungs[index], choice.reason if index == choice.index else TOO_LARGE
        seconds = self._clock.timing(shot)[1] or SHOT_S
        self._begin(shot[1], rung, seconds)
        self._step(index)
        return MakeShot(self._run, shot[1], rung.name, index, rung.quality, reason, seconds, round(view.buffer_s, 3))

    def eased(self, node: str, path: Path, fixed: Collection[str], now: float) -> MakeShot | None:
        """Put a shot on the best lower rung that does a stage otherwise; None where there is none.

        No shot is made from now on as this one could not be.

        Args:
            node: the stage that did not fit into the memory of its device.
            path: of the shot.
            fixed: other stages of it that were begun.
            now: the time.

        """
        if node not in self._nodes:
            return None
        if not self.outgrown(node, path):
            self._too_large.append((node, self._made.get(path, self._now).nodes[node]))
        rung = next((rung for rung in self._lower(path, fixed) if self._fits(rung)), None)
        return None if rung is None else self._put(path, rung, fixed, now, TOO_LARGE)

    def outgrown(self, node: str, path: Path) -> bool:
        """Whether a task is to be done in a way that did not fit into the memory of its device."""
        return bool(self._too_large) and any(
            node == one and _alike(self.configuration(node, path), other) for one, other in self._too_large
        )

    def _lower(self, path: Path, fixed: Collection[str]) -> Sequence[Rung]:
        """Rungs below that of a shot."""
        return self._rungs[_place(self._rungs, self._made.get(path, self._now)) + 1 :]

    def _put(self, path: Path, rung: Rung, fixed: Collection[str], now: float, reason: str) -> MakeShot:
        """Make a shot that was begun on another rung."""
        index, seconds = self._rungs.index(rung), self._seconds(path)
        self._ahead_s -= self._open.pop(path, 0.0)
        self._begin(path, rest_on(self._made[path], rung, fixed) if path in self._made else rung, seconds)
        self._step(index)
        buffer = round(self._clock.buffer(now), 3)
        return MakeShot(self._run, path, rung.name, index, rung.quality, reason, seconds, buffer)

    def _seconds(self, path: Path) -> float:
        """Seconds of a shot, as it was written."""
        shot = self._clock.shot(self._nodes[0], path)
        return (self._clock.timing(shot)[1] if shot is not None else 0.0) or SHOT_S

    def _fits(self, rung: Rung) -> bool:
        """Whether nothing of a rung was seen not to fit into the memory of its device."""
        return not any(_alike(rung.nodes.get(node), one) for node, one in self._too_large)

    def restore(self, shots: Iterable[ShotMade]) -> None:
        """Go on with shots that an earlier engine had begun, on the rungs of their names as far as there are such."""
        names = {rung.name: index for index, rung in enumerate(self._rungs)}
        for shot in shots:
            if (index := names.get(shot.rung)) is not None:
                self._made[shot.path] = self._rungs[index]
                self._open[shot.path] = 0.0
                self._step(index)

    def emitted(self, event: ItemEmitted, node: str, path: Path, now: float) -> None:
        """A filming task made a clip."""
        if (rung := self._rung(node, path)) is not None:
            self._speeds.emitted(event, node, rung, now)

    def finished(self, event: TaskFinished, node: str, path: Path) -> float:
        """A filming task is done; the seconds that it would have taken on the rung that the run is on."""
        rung = self._rung(node, path)
        if rung is None:
            return event.seconds
        self._speeds.finished(event, node, rung)
        pace = rung.paces.get(node, 0.0)
        return event.seconds * (self._now.paces.get(node, 0.0) / pace if pace else 1.0)

    def published(self, path: Path, seconds: float) -> None:
        """So much more of the show is ready; the shots before it are, too."""
        for shot in [shot for shot in self._open if path[: len(shot)] >= shot]:
            if path[: len(shot)] == shot:
                rung = self._made[shot]
                spent = min(_work(rung) * seconds, self._open[shot])
                self._open[shot] -= spent
                self._ahead_s -= spent
            else:
                self._ahead_s -= self._open.pop(shot)

    def _begin(self, path: Path, rung: Rung, seconds: float) -> None:
        self._made[path] = rung
        self._open[path] = _work(rung) * seconds
        self._ahead_s += self._open[path]

    def _step(self, index: int) -> None:
        """Note the rung of a shot; how long tasks are expected to take changes with it."""
        before = self._before
        if before is None or index == before:
            self._since += 1
        else:
            self._setbacks += index > before and self._rose
            self._since, self._rose = 1, index < before and len(self._made) > OPENING
        rung = self._rungs[index]
        self._rescale(self._now, rung)
        self._before, self._now = index, rung
        self.demand = self._forecast(index, 0.0).load

    def _rescale(self, before: Rung, after: Rung) -> None:
        """Tasks of the run are on another rung."""
        for node in self._nodes:
            if was := before.paces.get(node, 0.0):
                self._clock.scale(node, after.paces.get(node, 0.0) / was or 1.0)

    def _nearest(self, rung: Rung) -> int:
        """The index of the rung of that name; where there is none, of the best that is no better."""
        found = _place(self._rungs, rung)
        no_better = (index for index, one in enumerate(self._rungs) if one.quality <= rung.quality)
        return found if found >= 0 else next(no_better, len(self._rungs) - 1)

    def _view(self, shot: Place, now: float, cores: float) -> ShotView:
        (needed, seconds), rate = self._clock.timing(shot), self._clock.rate
        seconds = seconds or SHOT_S
        return ShotView(
            now=now,
            needed_at=needed,
            seconds=seconds / rate,
            clip_s=min(self._speeds.clip_s, seconds) / rate,
            buffer_s=self._clock.buffer(now),
            ahead_s=max(self._ahead_s, 0.0) * self._speeds.slowness(self._now.paces),
            cores=cores,
            rungs=self._rungs,
            forecasts=tuple(self._forecast(index, seconds, rate) for index in range(len(self._rungs))),
            start=self._start,
            number=len(self._made),
            before=self._before,
            since=self._since,
            setbacks=self._setbacks,
        )

    def _forecast(self, index: int, seconds: float, rate: float = 1.0) -> Forecast:
        """Nodes of a rung work side by side: the slowest one says when the shot is done."""
        rung, clip_s = self._rungs[index], min(self._speeds.clip_s, seconds)
        paces = [rung.paces.get(node, 0.0) * self._speeds.slower[node] for node in self._nodes]
        first_s = sum(paces) * clip_s if self._made else rung.first_s * self._speeds.slowness(self._now.paces)
        load = sum(
            pace * rung.nodes[node].needs.threads for pace, node in zip(paces, self._nodes, strict=True)
        ) + self._rest[index] * self._speeds.slowness(self._now.paces)
        longest = max(paces)
        return Forecast(first_s, longest * seconds + (sum(paces) - longest) * clip_s, load * rate)

    def _rung(self, node: str, path: Path) -> Rung | None:
        """The rung that a filming task is done on; None for other tasks."""
        if node not in self._nodes or (shot := self._clock.shot(node, path)) is None:
            return None
        return self._made.get(shot[1], self._now)


def rest_on(begun: Rung, rung: Rung, fixed: Collection[str]) -> Rung:
    """A rung with some stages of another one."""
    kept = begun.nodes.keys() & rung.nodes.keys() & set(fixed)
    nodes = {node: begun.nodes[node] if node in kept else one for node, one in rung.nodes.items()}
    paces = {node: begun.paces.get(node, 0.0) if node in kept else pace for node, pace in rung.paces.items()}
    return msgspec.structs.replace(rung, nodes=nodes, paces=paces)


def _alike(one: Configuration | None, other: Configuration) -> bool:
    return one is not None and (one.model, one.knobs) == (other.model, other.knobs)


def _place(rungs: Sequence[Rung], rung: Rung) -> int:
    """The index of a rung by its name; of one that is not among them, before the first."""
    return next((index for index, one in enumerate(rungs) if one.name == rung.name), -1)


def _work(rung: Rung) -> float:
    """Core-seconds of the filming nodes for a second of the show."""
    return sum(pace * rung.nodes[node].needs.threads for node, pace in rung.paces.items())
