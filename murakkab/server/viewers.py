"""Several players of one run, told to the engine as one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from murakkab.engine.players import GONE_S
from murakkab.server.shapes import Playback

MOST = 64
"""Players of a run, and runs, that are remembered."""


@dataclass
class _Audience:
    """The players of one run: when each was last heard, and what it said."""

    first: str
    figures: Playback
    heard: dict[str, tuple[float, Playback]] = field(default_factory=dict)


class Viewers:
    """Puts together what the players of each run say.

    A run is made for the player that is furthest ahead, as if that one played as fast as the fastest, since what comes
    in time then is there for all. The first moments and the stalls are those of the player that reported first: one
    that joins later was not waiting when the run was asked for. The run has been shown once every player that is still
    there has ended.
    """

    def __init__(self) -> None:
        self._runs: dict[str, _Audience] = {}

    def told(self, run: str, report: Playback, now: float) -> dict[str, Any]:
        """Take a player's report at ``now`` (seconds) and return what the engine is to be told."""
        audience = self._runs.pop(run, None) or _Audience(report.viewer, report)
        self._runs[run] = audience
        _forget_first(self._runs)
        present = {name: (at, said) for name, (at, said) in audience.heard.items() if now - at <= GONE_S}
        present.pop(report.viewer, None)
        present[report.viewer] = now, report
        audience.heard = present
        _forget_first(present)
        if report.viewer == audience.first:
            audience.figures = report
        return _together(audience.figures, [said for _, said in present.values()])


def _together(figures: Playback, present: list[Playback]) -> dict[str, Any]:
    told = msgspec.to_builtins(figures)
    del told["viewer"], told["muted"]
    playing = [said for said in present if said.playing]
    told["position_s"] = max(said.position_s for said in present)
    told["rate"] = max(said.rate for said in playing or present)
    told["playing"] = bool(playing)
    told["ended"] = all(said.ended for said in present)
    return dict(told)


def _forget_first(known: dict[str, Any]) -> None:
    while len(known) > MOST:
        del known[next(iter(known))]
