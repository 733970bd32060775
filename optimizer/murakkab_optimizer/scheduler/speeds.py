"""How fast the filming nodes of a run are, beside what their profiles say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from murakkab_optimizer.plan import Rung
from murakkab_optimizer.scheduler.events import ItemEmitted, Meta, TaskFinished

FORGET = 0.3
"""Weight of the newest task, or clip, in how much slower than its profile a node is."""

SLOWEST = 10.0
"""Times by which one clip may seem slower than its profile; a pause of the machine is no speed."""

CLIP_S = 1.5
"""Length of a clip while none was seen."""

CACHED = "cached"
"""Mark in the meta of what was not made now, which says nothing of how long that takes."""


class Speeds:
    """What the clips and the ends of filming tasks show.

    Args:
        nodes: those that film.

    Attributes:
        clip_s: seconds of the show in a clip.
        slower: by node, how many times slower than its profile it is.

    """

    def __init__(self, nodes: Iterable[str]) -> None:
        self.clip_s = CLIP_S
        self.slower = dict.fromkeys(nodes, 1.0)
        self._clips: dict[str, _Clips] = {}
        self._seen = False

    def follow(self, nodes: Iterable[str]) -> None:
        """These nodes film from now on; what is known of them stays known."""
        self.slower = {node: self.slower.get(node, 1.0) for node in nodes}

    def emitted(self, event: ItemEmitted, node: str, rung: Rung, now: float) -> None:
        """A task made a clip: how long since the one before?"""
        seconds = _seconds(event.meta)
        if not seconds or CACHED in event.meta:
            return
        self.clip_s = seconds if not self._seen else self.clip_s + FORGET * (seconds - self.clip_s)
        self._seen = True
        if (clips := self._clips.get(event.lease)) is None:
            clips = self._clips[event.lease] = _Clips()
        else:
            self.observe(node, now - clips.at, rung.paces.get(node, 0.0) * seconds)
        clips.at, clips.count, clips.seconds = now, clips.count + 1, clips.seconds + seconds

    def finished(self, event: TaskFinished, node: str, rung: Rung) -> None:
        """A task is done; one that made no two clips says by its whole time how fast it was."""
        clips = self._clips.pop(event.lease, _NONE)
        if clips.count < 2 and CACHED not in event.meta:
            expected = rung.paces.get(node, 0.0) * (_seconds(event.meta) or clips.seconds)
            self.observe(node, event.seconds, expected or rung.nodes[node].seconds)

    def observe(self, node: str, took: float, expected: float) -> None:
        """Work of a node took so many seconds, and so many by its profile."""
        if expected > 0:
            seen = min(took / expected, SLOWEST)
            self.slower[node] += FORGET * (seen - self.slower[node])

    def slowness(self, paces: Mapping[str, float]) -> float:
        """How many times slower than these paces the nodes are together."""
        expected = sum(paces.values())
        actual = sum(pace * self.slower[node] for node, pace in paces.items())
        return actual / expected if expected else 1.0


@dataclass
class _Clips:
    """What an attempt at a filming task has made: when it made the last clip, how many, and their length."""

    at: float = 0.0
    count: int = 0
    seconds: float = 0.0


_NONE = _Clips()


def _seconds(meta: Meta) -> float:
    value = meta.get("seconds", 0.0)
    return float(value) if isinstance(value, int | float) else 0.0
