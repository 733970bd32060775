"""Work as it was in a run that was recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from murakkab_optimizer.graph import Graph, Path
from murakkab_optimizer.scheduler import Command, Event
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.simulator.nouns import Made
from murakkab_optimizer.simulator.work import PlannedWork, WorkModel

_Place = tuple[str, Path]


@dataclass
class _Attempt:
    begun: float
    seconds: float | None = None
    items: list[tuple[float, float]] = field(default_factory=list)


class RecordedWork:
    """Times, items and answers of one recorded run, whatever a run that is simulated with it is called.

    A task that ended in the record takes as long again, from its command to its end, loading and waiting included. What
    the record does not have is as ``otherwise`` says.
    """

    def __init__(
        self, journal: Iterable[tuple[float, Event, Iterable[Command]]], otherwise: WorkModel | None = None
    ) -> None:
        self._otherwise: WorkModel = otherwise or PlannedWork()
        self._attempts: dict[_Place, _Attempt] = {}
        self._answers: dict[tuple[str, Path, str, int], ev.Evaluated] = {}
        self._shown: dict[_Place, float] = {}
        for now, event, commands in journal:
            self._take(now, event)
            for command in commands:
                if isinstance(command, cmd.StartTask):
                    self._attempts[command.node, command.path] = _Attempt(now)

    def _take(self, now: float, event: Event) -> None:
        match event:
            case ev.ItemEmitted(lease, index, _, meta):
                _, node, path, _ = ev.parse_lease(lease)
                if (attempt := self._attempts.get((node, path))) is not None and index == len(attempt.items):
                    seconds = _seconds(meta)
                    attempt.items.append((now - attempt.begun, seconds))
                    self._shown[node, (*path, index)] = seconds
            case ev.TaskFinished(lease, _, meta):
                _, node, path, _ = ev.parse_lease(lease)
                if "seconds" in meta:
                    self._shown[node, path] = _seconds(meta)
                if (attempt := self._attempts.get((node, path))) is not None:
                    attempt.seconds = now - attempt.begun
            case ev.Evaluated(_, node, path, what, index):
                self._answers[node, path, what, index] = event
            case _:
                pass

    def made(self, graph: Graph, task: cmd.StartTask) -> Made:
        """What the attempt took in the record."""
        attempt = self._attempts.get((task.node, task.path))
        if attempt is None or attempt.seconds is None:
            return self._otherwise.made(graph, task)
        return Made(attempt.seconds, tuple(attempt.items[task.first_item :]))

    def seconds_shown(self, run: str, graph: Graph, path: Path) -> float:
        """Length of the item in the record."""
        known = self._shown.get((graph.publish or "", path))
        return self._otherwise.seconds_shown(run, graph, path) if known is None else known

    def answer(self, graph: Graph, asked: cmd.Evaluate) -> ev.Evaluated:
        """The answer in the record."""
        known = self._answers.get((asked.node, asked.path, asked.what, asked.index))
        if known is None:
            return self._otherwise.answer(graph, asked)
        return ev.Evaluated(asked.run, asked.node, asked.path, asked.what, asked.index, known.value, known.holds)


def _seconds(meta: ev.Meta) -> float:
    value = meta.get("seconds", 0.0)
    return float(value) if isinstance(value, int | float) else 0.0
