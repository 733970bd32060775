"""The shots of one run: on which rung each is made, and what the run shows of how long that takes.

A shot is an item of the timeline. Its rung is decided when the first of its filming tasks starts and holds for all of
them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from murakkab_optimizer.graph import Path
from murakkab_optimizer.plan import Configuration, Plan, Rung
from murakkab_optimizer.policies.rungs import OPENING, Choice, Forecast, RungPolicy, ShotView
from murakkab_optimizer.scheduler.clock import Place, PlaybackClock
from murakkab_optimizer.scheduler.commands import MakeShot
from murakkab_optimizer.scheduler.events import ItemEmitted, Meta, ShotMade, TaskFinished

FORGET = 0.3
"""Weight of the newest task, or clip, in how much slower than its profile a node is."""

SLOWEST = 10.0
"""Times by which one clip may seem slower than its profile; a pause of the machine is no speed."""

CLIP_S = 1.5
"""Length of a clip while none was seen."""

SHOT_S = 5.0
"""Length of a shot of which nobody said it."""

TOO_LARGE = "more does not fit into the memory of the device"

CACHED = "cached"
"""Mark in the meta of what was not made now, which says nothing of how long that takes."""


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
        self._clips: dict[str, _Clips] = {}
        self._clip_s = CLIP_S
        self._seen = False
        self._since = self._setbacks = 0
        self._rose = False
        self._before: int | None = None
        self._too_large: list[tuple[str, Configuration]] = []
        self.replan(plan)

    def replan(self, plan: Plan) -> None:
        """Shots that are begun from now on are made on rungs of another plan."""
        self._rungs, self._start = plan.rungs, plan.start
        self._nodes = tuple(self._rungs[0].nodes)
        self._slower = dict.fromkeys(self._nodes, 1.0)
        self._rest = [max(rung.load - _work(rung), 0.0) for rung in self._rungs]
        self._before = None
        self._now = self._rungs[self._start]
        self.demand = self._now.load

    def configuration(self, node: str, path: Path) -> Configuration | None:
        """What a filming task is done with: as its shot is made, or would be; None for other tasks."""
        if node not in self._slower or (shot := self._clock.shot(node, path)) is None:
            return None
        return self._made.get(shot[1], self._now).nodes.get(node)

    def undecided(self, node: str, path: Path) -> Place | None:
        """The shot that a task is the first of; None where it is no filming task, or its shot was begun."""
        if node not in self._slower or (shot := self._clock.shot(node, path)) is None:
            return None
        return None if shot[1] in self._made else shot

    def decide(self, shot: Place, policy: RungPolicy, now: float, cores: float) -> MakeShot:
        """Choose the rung of a shot; where nobody is promised to watch, that of the plan."""
        view = self._view(shot, now, cores)
        choice = policy.choose(view) if self._clock.watched else Choice(self._start, "as planned, for nobody watches")
        index = next((i for i in range(choice.index, len(self._rungs)) if self._fits(self._rungs[i])), choice.index)
        rung, reason = self._rungs[index], choice.reason if index == choice.index else TOO_LARGE
        self._begin(shot[1], rung, view.seconds)
        self._step(index)
        return MakeShot(
            self._run, shot[1], rung.name, index, rung.quality, reason, view.seconds, round(view.buffer_s, 3)
        )

    def eased(self, node: str, path: Path, fixed: Collection[str], now: float) -> MakeShot | None:
        """Put a shot on the best lower rung that does a stage otherwise; None where there is none.

        No shot is made from now on as this one could not be.

        Args:
            node: the stage that did not fit into the memory of its device.
            path: of the shot.
            fixed: other stages of it that were begun.
            now: the time.

        """
        if node not in self._slower:
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
        self._begin(path, rung, seconds)
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
                self._step(index)

    def emitted(self, event: ItemEmitted, node: str, path: Path, now: float) -> None:
        """A filming task made a clip: how long since the one before?"""
        rung = self._rung(node, path)
        seconds = _seconds(event.meta)
        if rung is None or not seconds or CACHED in event.meta:
            return
        self._clip_s = seconds if not self._seen else self._clip_s + FORGET * (seconds - self._clip_s)
        self._seen = True
        if (clips := self._clips.get(event.lease)) is None:
            clips = self._clips[event.lease] = _Clips()
        else:
            self._observe(node, now - clips.at, rung.paces.get(node, 0.0) * seconds)
        clips.at, clips.count, clips.seconds = now, clips.count + 1, clips.seconds + seconds

    def finished(self, event: TaskFinished, node: str, path: Path) -> float:
        """A filming task is done; the seconds that it would have taken on the rung that the run is on."""
        rung = self._rung(node, path)
        if rung is None:
            return event.seconds
        clips, pace = self._clips.pop(event.lease, _NONE), rung.paces.get(node, 0.0)
        if clips.count < 2 and CACHED not in event.meta:
            seconds = _seconds(event.meta) or clips.seconds
            self._observe(node, event.seconds, pace * seconds or rung.nodes[node].seconds)
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
        for node in self._nodes:
            if was := self._now.paces.get(node, 0.0):
                self._clock.scale(node, rung.paces.get(node, 0.0) / was or 1.0)
        self._before, self._now = index, rung
        self.demand = self._forecast(index, 0.0).load

    def _view(self, shot: Place, now: float, cores: float) -> ShotView:
        needed, seconds = self._clock.timing(shot)
        seconds = seconds or SHOT_S
        return ShotView(
            now=now,
            needed_at=needed,
            seconds=seconds,
            clip_s=min(self._clip_s, seconds),
            buffer_s=self._clock.buffer(now),
            ahead_s=max(self._ahead_s, 0.0) * self._slowness(),
            cores=cores,
            rungs=self._rungs,
            forecasts=tuple(self._forecast(index, seconds) for index in range(len(self._rungs))),
            start=self._start,
            number=len(self._made),
            before=self._before,
            since=self._since,
            setbacks=self._setbacks,
        )

    def _forecast(self, index: int, seconds: float) -> Forecast:
        """Nodes of a rung work side by side: the slowest one says when the shot is done."""
        rung, clip_s = self._rungs[index], min(self._clip_s, seconds)
        paces = [rung.paces.get(node, 0.0) * self._slower[node] for node in self._nodes]
        first_s = sum(paces) * clip_s if self._made else rung.first_s * self._slowness()
        load = (
            sum(pace * rung.nodes[node].needs.threads for pace, node in zip(paces, self._nodes, strict=True))
            + self._rest[index] * self._slowness()
        )
        longest = max(paces)
        return Forecast(first_s, longest * seconds + (sum(paces) - longest) * clip_s, load)

    def _slowness(self) -> float:
        """How many times slower than their profiles the filming nodes are together."""
        expected = sum(self._now.paces.values())
        actual = sum(pace * self._slower[node] for node, pace in self._now.paces.items())
        return actual / expected if expected else 1.0

    def _observe(self, node: str, took: float, expected: float) -> None:
        if expected > 0:
            seen = min(took / expected, SLOWEST)
            self._slower[node] += FORGET * (seen - self._slower[node])

    def _rung(self, node: str, path: Path) -> Rung | None:
        """The rung that a filming task is done on; None for other tasks."""
        if node not in self._slower or (shot := self._clock.shot(node, path)) is None:
            return None
        return self._made.get(shot[1], self._now)


@dataclass
class _Clips:
    """What an attempt at a filming task has made: when it made the last clip, how many, and their length."""

    at: float = 0.0
    count: int = 0
    seconds: float = 0.0


_NONE = _Clips()


def _alike(one: Configuration | None, other: Configuration) -> bool:
    return one is not None and (one.model, one.knobs) == (other.model, other.knobs)


def _place(rungs: Sequence[Rung], rung: Rung) -> int:
    """The index of a rung by its name; of one that is not among them, before the first."""
    return next((index for index, one in enumerate(rungs) if one.name == rung.name), -1)


def _work(rung: Rung) -> float:
    """Core-seconds of the filming nodes for a second of the show."""
    return sum(pace * rung.nodes[node].needs.threads for node, pace in rung.paces.items())


def _seconds(meta: Meta) -> float:
    value = meta.get("seconds", 0.0)
    return float(value) if isinstance(value, int | float) else 0.0
