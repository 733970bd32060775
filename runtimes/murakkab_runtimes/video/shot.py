"""The plan of one turn's picture: its length, its cuts, its clips."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

LEAD_S, OPENING_LEAD_S, TAIL_S = 0.12, 0.25, 0.3
TITLE_S, DISSOLVE_S = 1.2, 0.5
OUTRO_S, OUTRO_DISSOLVE_S = 2.8, 0.5
CLIP_S, FIRST_CLIPS_S = 2.0, (0.5, 0.5, 0.5, 0.5, 0.5, 0.5)
SHORTEST_CUT_S = 2.2
DOLLY_PER_S = 0.008
"""Share by which a near camera comes closer each second."""


@dataclass(frozen=True)
class Timing:
    """When things happen in a turn, in seconds from its start.

    Attributes:
        fps: frames a second.
        frames: length of the turn.
        lead: start of the speech.
        speech: length of the speech.
        title: the title card is shown at the start.
        outro: start of the outro card, if there is one.
    """

    fps: int
    frames: int
    lead: float
    speech: float
    title: bool
    outro: float | None

    @property
    def seconds(self) -> float:
        """Length of the turn."""
        return self.frames / self.fps


def time_turn(speech: float, fps: int, *, title: bool, outro: bool) -> Timing:
    """Lay out a turn around ``speech`` seconds of speech."""
    lead = OPENING_LEAD_S if title else LEAD_S
    talk = max(lead + speech + TAIL_S, TITLE_S + DISSOLVE_S if title else 0.0)
    total = talk + (OUTRO_S if outro else 0.0)
    return Timing(fps, math.ceil(total * fps), lead, speech, title, talk if outro else None)


def clip_lengths(frames: int, fps: int, *, first: bool) -> list[int]:
    """Frames of each clip: at most 2 s and evenly divided; at the start of an episode short ones come first.

    Returns:
        Numbers that add up to ``frames``.
    """
    lengths: list[int] = []
    for seconds in FIRST_CLIPS_S if first else ():
        length = round(seconds * fps)
        if frames - sum(lengths) < 1.5 * length:
            break
        lengths.append(length)
    rest = frames - sum(lengths)
    count = max(1, math.ceil(rest / (CLIP_S * fps)))
    return [*lengths, *((rest * (i + 1)) // count - (rest * i) // count for i in range(count))]


def plan_cuts(
    timing: Timing, kind: str, begins: bool, pauses: Sequence[float], dice: random.Random
) -> list[tuple[int, str]]:
    """When the picture cuts to which camera.

    Args:
        timing: of the turn.
        kind: of the turn.
        begins: whether a section begins with it.
        pauses: seconds at which a phrase ends; cuts fall there.
        dice: of the turn.

    Returns:
        ``(first frame, "wide" | "medium" | "close")``; the first starts at frame 0.
    """
    camera = _first_camera(timing, kind, begins, dice)
    cuts, last = [(0, camera)], (TITLE_S + 0.4 if timing.title else 0.0)
    end = timing.lead + timing.speech
    for moment in [*pauses, *_fallbacks(pauses, timing, dice)]:
        if moment - last < SHORTEST_CUT_S + dice.uniform(0.0, 1.6) or end - moment < 1.4:
            continue
        camera = _next_camera(camera, dice)
        cuts.append((round(moment * timing.fps), camera))
        last = moment
    return cuts


def _first_camera(timing: Timing, kind: str, begins: bool, dice: random.Random) -> str:
    if begins or timing.title or timing.outro is not None:
        return "wide"
    if kind == "reaction" or timing.speech < 1.6:
        return dice.choices(("wide", "medium"), (0.6, 0.4))[0]
    return dice.choices(("wide", "medium", "close"), (0.3, 0.5, 0.2))[0]


def _next_camera(camera: str, dice: random.Random) -> str:
    if camera == "wide":
        return dice.choices(("medium", "close"), (0.7, 0.3))[0]
    return dice.choices(("wide", "close" if camera == "medium" else "medium"), (0.7, 0.3))[0]


def _fallbacks(pauses: Sequence[float], timing: Timing, dice: random.Random) -> list[float]:
    """Moments to cut at when speech has no pauses."""
    if pauses:
        return []
    return [timing.lead + 4.0 * i + dice.uniform(0, 1) for i in range(1, int(timing.speech // 4) + 1)]
