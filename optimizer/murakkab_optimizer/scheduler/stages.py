"""The shots of a run whose stages are done one after the other by instances on accelerators.

How soon a shot is ready then depends on what waits for the instances of each model, and on how many of these there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from murakkab_optimizer.graph import Path
from murakkab_optimizer.plan import Configuration, Plan, Rung
from murakkab_optimizer.policies.rungs.base import RungPolicy
from murakkab_optimizer.policies.rungs.staged import StagedForecast, StagedView
from murakkab_optimizer.scheduler.clock import Place, PlaybackClock
from murakkab_optimizer.scheduler.commands import MakeShot
from murakkab_optimizer.scheduler.events import ShotMade, TaskFinished
from murakkab_optimizer.scheduler.outstanding import Outstanding, Works
from murakkab_optimizer.scheduler.shots import SHOT_S, Shots, rest_on

NEVER_S = 1e6
"""Until a stage is done of which there is no instance."""

LATE = 1.1
"""What is left to chance in the time of a shot when it is looked at again."""

RESORT_S, SPARE = 1.0, 1.25
"""Before what needs no instance must begin where one is missed: this and a quarter more than it takes."""


class StagedShots(Shots):
    """Rungs of the shots of a run, by what its stages have to do at the instances of their models.

    Args:
        run: its name.
        plan: whose rungs there are.
        clock: of the run.
        instances: how many instances of a model there are.

    """

    def __init__(self, run: str, plan: Plan, clock: PlaybackClock, instances: Callable[[str], int]) -> None:
        self._instances = instances
        self._left = Outstanding()
        self._on: dict[Path, int] = {}
        self._share, self._cores = 1.0, 1.0
        self._late_s = 0.0
        super().__init__(run, plan, clock)

    def counts_on(self, cores: float, share: float) -> None:
        """The run may count on that share of all instances, and on so many cores."""
        self._cores, self._share = max(cores, 1.0), share

    def decide(self, shot: Place, policy: RungPolicy, now: float, cores: float) -> MakeShot:
        """Choose the rung of a shot; the viewer cannot begin before the first one is there."""
        opens, needed = not self._made, self._clock.timing(shot)[0]
        made = super().decide(shot, policy, now, cores)
        if opens:
            rest = self._until_done(self._made[shot[1]], self._seconds(shot[1]), (), {})
            self._late_s = max(now + rest - needed, 0.0)
        return made

    def take_over(self, other: Shots) -> None:
        """Go on with shots of another plan; what is left to do of those that were made elsewhere is not known."""
        super().take_over(other)
        self._on = {path: self._nearest(rung) for path, rung in self._made.items()}
        if isinstance(other, StagedShots):
            self._left, self._late_s = other._left, other._late_s
            self._cores, self._share = other._cores, other._share
        else:
            for path in self._open:
                self._left.put(path, {})

    def restore(self, shots: Iterable[ShotMade]) -> None:
        """Go on with shots that an earlier engine had begun; what is left to do of them is not known."""
        shots, names = list(shots), [rung.name for rung in self._rungs]
        super().restore(shots)
        for shot in shots:
            if shot.rung in names:
                self._on[shot.path] = names.index(shot.rung)
                self._left.put(shot.path, {})

    def finished(self, event: TaskFinished, node: str, path: Path) -> float:
        """A stage is done; the seconds that it would have taken on the rung that the run is on."""
        rung = self._rung(node, path)
        if rung is None:
            return event.seconds
        shot = self._clock.shot(node, path)
        assert shot is not None
        self._left.done(shot[1], node)
        pace = rung.paces.get(node, 0.0)
        if not pace:
            return self._clock.expected(node)
        self._speeds.observe(node, event.seconds, pace * (self._clock.timing(shot)[1] or SHOT_S))
        now = self._now.paces.get(node, 0.0)
        return event.seconds * now / pace if now else self._clock.expected(node)

    def published(self, path: Path, seconds: float) -> None:
        """A shot can be shown."""
        self._late_s = 0.0
        super().published(path, seconds)
        self._left.drop(path)

    def missed(self, node: str, path: Path) -> bool:
        """Whether a stage cannot be done as its shot is to be made: there is no instance of its model."""
        configuration = self.configuration(node, path)
        return configuration is not None and bool(configuration.devices) and not self._instances(configuration.model)

    def resort_s(self, path: Path, fixed: Collection[str]) -> float:
        """Seconds that a shot takes at least, from a stage on, with the instances that are there."""
        seconds = self._seconds(path)
        found = [self._until_done(rung, seconds, fixed, {}) for rung in self._going(path, fixed)]
        return min(found, default=NEVER_S) * SPARE + RESORT_S

    def lowered(self, path: Path, fixed: Collection[str], now: float, reason: str) -> MakeShot | None:
        """Put a shot on the rung on which it is done soonest; None where it is on it already.

        Args:
            path: of the shot.
            fixed: its stages that were begun; they stay as they are.
            now: the time.
            reason: why, for people.

        """
        seconds, going = self._seconds(path), self._going(path, fixed)
        soonest = min(going, key=lambda rung: self._until_done(rung, seconds, fixed, {}), default=None)
        if soonest is None or self._on.get(path) == self._rungs.index(soonest):
            return None
        return self._put(path, soonest, fixed, now, reason)

    def review(self, fixed: Callable[[Path], Collection[str]], now: float, *, rising: bool) -> Iterator[MakeShot]:
        """Look at all shots that were begun, in their order: each is made on the best rung on which it is in time.

        Shots that wait for an instance which is not there are left alone: another one may come.

        Args:
            fixed: stages of a shot that were begun; they stay as they are.
            now: the time.
            rising: whether there are more instances than before, so that a shot may be made better than it was to be.

        """
        begun = {path: fixed(path) for path in self._left}
        ahead, reason = self._left.under_way(begun), "instances came" if rising else "instances were lost"
        for path, stages in begun.items():
            rung = self._made[path]
            if len(stages) < len(self._nodes) and self._until_done(rung, self._seconds(path), stages, ahead) < NEVER_S:
                best = self._best(path, stages, ahead, now, rising=rising)
                if best is not None and self._rungs.index(best) != self._on[path]:
                    yield self._put(path, best, stages, now, reason)
            for node, configuration in self._made[path].nodes.items():
                if node not in stages:
                    ahead[configuration.model] += self._work(self._made[path], node, self._seconds(path))

    def _best(
        self, path: Path, fixed: Collection[str], ahead: Mapping[str, float], now: float, *, rising: bool
    ) -> Rung | None:
        """The best rung on which the rest of a shot is in time; else the last one that it may be made on, if any."""
        lead_s, seconds, going = self._lead(path, now), self._seconds(path), self._going(path, fixed)
        above = [rung for rung in self._rungs[: self._on[path]] if rising and self._fits(rung)]
        better = [rung for rung in above if _same(rung, self._made[path], fixed)]
        allowed = [*better, *going]
        times = (self._until_done(rung, seconds, fixed, ahead) for rung in allowed)
        in_time = (rung for rung, time_s in zip(allowed, times, strict=True) if time_s * LATE <= lead_s)
        return next(in_time, allowed[-1] if allowed else None)

    def _put(self, path: Path, rung: Rung, fixed: Collection[str], now: float, reason: str) -> MakeShot:
        """Make the rest of a shot on a rung; its stages in ``fixed`` stay as they were begun."""
        seconds, left = self._seconds(path), dict(self._left.of(path))
        if path not in self._made:
            self._begin(path, rung, seconds)
            self._step(self._rungs.index(rung))
        else:
            self._made[path] = rest_on(self._made[path], rung, fixed)
            works = {node: work for node, work in self._works(rung, seconds).items() if node not in fixed}
            self._left.put(path, {node: work for node, work in left.items() if node in fixed} | works)
        self._on[path] = index = self._rungs.index(rung)
        buffer = round(self._clock.buffer(now), 3)
        return MakeShot(self._run, path, rung.name, index, rung.quality, reason, seconds, buffer)

    def _begin(self, path: Path, rung: Rung, seconds: float) -> None:
        super()._begin(path, rung, seconds)
        self._left.put(path, self._works(rung, seconds))
        self._on[path] = self._rungs.index(rung)

    def _works(self, rung: Rung, seconds: float) -> Works:
        return {n: (one.model, self._work(rung, n, seconds)) for n, one in rung.nodes.items() if one.devices}

    def _view(self, shot: Place, now: float, cores: float) -> StagedView:
        facts = msgspec.structs.asdict(super()._view(shot, now, cores))
        return StagedView(**facts | {"needed_at": facts["needed_at"] + self._late_s})

    def _forecast(self, index: int, seconds: float, rate: float = 1.0) -> StagedForecast:
        """Stages follow each other; each begins when the one before is done and its instances have done what waits."""
        rung = self._rungs[index]
        whole_s = self._until_done(rung, seconds, (), self._left.waiting)
        busy = max((work / self._number(model) for model, work in self._loads(rung).items()), default=0.0) * rate
        load = rate * sum(self._work(rung, node, 1.0) * one.needs.threads for node, one in rung.nodes.items())
        return StagedForecast(whole_s, whole_s, min(max(load, busy * self._cores), NEVER_S), min(busy, NEVER_S))

    def _loads(self, rung: Rung) -> Mapping[str, float]:
        """By model, seconds of its instances for a second of the show."""
        loads: defaultdict[str, float] = defaultdict(float)
        for node, one in rung.nodes.items():
            if one.devices:
                loads[one.model] += self._work(rung, node, 1.0)
        return loads

    def _until_done(self, rung: Rung, seconds: float, fixed: Collection[str], ahead: Mapping[str, float]) -> float:
        """Seconds until a shot is done whose stages in ``fixed`` were begun."""
        at = 0.0
        for node, configuration in rung.nodes.items():
            if node not in fixed:
                wait = ahead.get(configuration.model, 0.0) / self._number(configuration.model) if ahead else 0.0
                at = max(at, wait) + self._stage(configuration, self._work(rung, node, seconds))
        return min(at + self._behind(), NEVER_S)

    def _stage(self, configuration: Configuration, work: float) -> float:
        return NEVER_S if configuration.devices and not self._instances(configuration.model) else work

    def _behind(self) -> float:
        """Expected seconds of what comes after the last stage."""
        last = self._nodes[-1]
        return max(self._clock.remaining(last) - self._clock.expected(last), 0.0)

    def _work(self, rung: Rung, node: str, seconds: float) -> float:
        return rung.paces.get(node, 0.0) * self._speeds.slower.get(node, 1.0) * seconds

    def _number(self, model: str) -> float:
        """Instances of a model that the run may count on; of what is done on processors there is no lack."""
        return max(self._instances(model) * self._share, 1.0 / NEVER_S)

    def _going(self, path: Path, fixed: Collection[str]) -> list[Rung]:
        """Rungs that the rest of a shot may be made on, no better than its own, the best first.

        What was begun in more steps can be gone on with as well; but nothing can take up what was left out, or do
        without what was made.
        """
        mine = self._made.get(path)
        if mine is None:
            return list(self._rungs)
        return [
            rung
            for index, rung in enumerate(self._rungs[self._on[path] :])
            if all(bool(rung.paces.get(node)) == bool(mine.paces.get(node)) for node in fixed)
            and (not index or self._fits(rung))
        ]

    def _lower(self, path: Path, fixed: Collection[str]) -> Sequence[Rung]:
        return [rung for rung in self._going(path, fixed) if rung is not self._rungs[self._on[path]]]

    def _lead(self, path: Path, now: float) -> float:
        return self._clock.timing(self._shot(path))[0] + self._late_s - now

    def _shot(self, path: Path) -> Place:
        shot = self._clock.shot(self._nodes[0], path)
        assert shot is not None
        return shot


def staged(plan: Plan) -> bool:
    """Whether shots are made in stages on accelerators."""
    return any(one.devices for rung in plan.rungs[:1] for one in rung.nodes.values())


def _same(one: Rung, other: Rung, nodes: Collection[str]) -> bool:
    """Whether two rungs do some stages alike."""
    pairs = [(one.nodes[node], other.nodes[node]) for node in nodes]
    return all((a.model, a.knobs) == (b.model, b.knobs) for a, b in pairs)
