"""How hosts move while one speaks and the others listen.

All movement of a turn is worked out beforehand as one array per quantity. It starts and ends at the neutral pose, so
that turns made apart from each other join without a jump.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from murakkab_runtimes.video.rig.pose import Mouth, Pose
from murakkab_runtimes.video.rig.visemes import SHAPE

Track = NDArray[np.float64]
Tracks = dict[str, Track]

EASE_S = 0.35
BLINK_S = 0.22
BREATH_S = 3.8


@dataclass(frozen=True)
class Beat:
    """What the speech does, on the clock of the turn.

    Attributes:
        times: seconds from the start of the turn to the middle of each frame.
        energy: loudness at each time, 0..1.
        stresses: seconds at which a stressed syllable is loudest.
        pauses: seconds at which a phrase ends.
        start: seconds at which the speech starts.
        end: seconds at which it ends.
        question: whether the sentence asks.
        amused: 0..1, how much fun the hosts have.
    """

    times: Track
    energy: Track
    stresses: Sequence[float]
    pauses: Sequence[float]
    start: float
    end: float
    question: bool = False
    amused: float = 0.0


def speaker_tracks(beat: Beat, partner: float, dice: Generator) -> Tracks:
    """Movement of the one who speaks; ``partner`` is where the listener sits, -1 (left) to 1 (right), 0 for nobody."""
    times, edge = beat.times, _edges(beat.times)
    nods = _bumps(times, beat.stresses, dice.uniform(0.25, 0.8, len(beat.stresses)), 0.09, 0.2)
    to_partner = _switching(beat, dice, first=0.0) if partner else np.zeros_like(times)
    lift = _bumps(times, beat.stresses, dice.uniform(0.0, 0.7, len(beat.stresses)), 0.12, 0.3)
    asking = _ramp(times, beat.end - 0.7, beat.end - 0.2) * (1 - _ramp(times, beat.end, beat.end + 0.3))
    left, right = _gestures(beat, dice)
    tracks = {
        "yaw": 0.55 * partner * to_partner + 0.28 * _drift(times, dice, 1.4),
        "pitch": 0.42 * nods - 0.12 * beat.energy + 0.22 * _drift(times, dice, 1.1) - 0.15 * asking * beat.question,
        "roll": 0.4 * _drift(times, dice, 1.8) + 0.15 * asking * beat.question,
        "lean": 0.5 * _drift(times, dice, 2.2) + 0.25 * partner * to_partner,
        "gaze_x": 0.55 * partner * to_partner + 0.3 * _saccades(times, dice),
        "gaze_y": 0.3 * np.abs(_saccades(times, dice)) - 0.1 * nods,
        "brows": 0.75 * lift + 0.7 * asking * beat.question + 0.15 * _drift(times, dice, 1.2),
        "smile": beat.amused * 0.5 - 0.15 * beat.energy,
        "left_hand": left,
        "right_hand": right,
        "turn": _drift(times, dice, 0.8),
    }
    return _finish(tracks, beat, edge, dice, blinks=[*beat.pauses])


def listener_tracks(beat: Beat, partner: float, dice: Generator) -> Tracks:
    """Movement of one who listens to a speaker at ``partner`` (-1 left, 1 right): attends, nods, smiles."""
    times, edge = beat.times, _edges(beat.times)
    nod_times = [t + dice.uniform(0.1, 0.35) for t in beat.pauses if dice.random() < 0.75]
    nod_times += _spaced(beat, dice, 2.4, 4.2)
    nods = _bumps(times, nod_times, None, 0.13, 0.17)
    nods = nods + 0.55 * _bumps(times, [t + 0.36 for t in nod_times], None, 0.13, 0.17)
    glance = _bumps(times, _spaced(beat, dice, 3.5, 6.0), None, 0.5, 0.5)
    tracks = {
        "yaw": partner * (0.62 - 0.45 * glance) + 0.14 * _drift(times, dice, 2.2),
        "pitch": 0.5 * nods + 0.16 * _drift(times, dice, 1.9),
        "roll": 0.45 * _drift(times, dice, 2.6) - 0.12 * partner,
        "lean": 0.3 * _drift(times, dice, 2.8) + 0.15 * partner,
        "gaze_x": partner * (0.6 - 0.5 * glance) + 0.12 * _saccades(times, dice),
        "gaze_y": 0.12 * _saccades(times, dice),
        "brows": 0.3 * nods + 0.3 * _drift(times, dice, 2.0),
        "smile": 0.3 * np.clip(_drift(times, dice, 2.5) + 0.3, 0, 1) + 0.6 * beat.amused,
    }
    return _finish(tracks, beat, edge, dice, blinks=[t + 0.3 for t in beat.pauses])


def poses(tracks: Tracks, mouth: Tracks | None) -> list[Pose]:
    """One pose a frame."""
    names = [name for name in tracks if name in Pose.__dataclass_fields__]
    columns = np.stack([tracks[name] for name in names], axis=1)
    found = [Pose(**dict(zip(names, row, strict=True))) for row in columns.tolist()]
    if mouth is None:
        return found
    shapes = np.stack([mouth[name] for name in SHAPE], axis=1).tolist()
    return [pose.with_mouth(Mouth(*shape)) for pose, shape in zip(found, shapes, strict=True)]


def _finish(tracks: Tracks, beat: Beat, edge: Track, dice: Generator, blinks: list[float]) -> Tracks:
    eased = {name: track * edge for name, track in tracks.items()}
    eased["smile"] = 0.25 + eased["smile"]
    eased["lids"] = _blinks(beat.times, blinks, dice) + 0.12 * eased["brows"]
    length = float(beat.times[-1] - beat.times[0]) or 1.0
    breaths = max(1, round(length / BREATH_S))
    eased["rise"] = 0.5 - 0.5 * np.cos(2 * np.pi * breaths * (beat.times - beat.times[0]) / length)
    return eased


def _edges(times: Track) -> Track:
    """Window that is 0 at both ends and 1 between."""
    ease = min(EASE_S, float(times[-1] - times[0]) / 2 + 1e-6)
    return _smooth((times - times[0]) / ease) * _smooth((times[-1] - times) / ease)


def _smooth(x: Track) -> Track:
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)


def _ramp(times: Track, start: float, end: float) -> Track:
    return _smooth((times - start) / max(end - start, 1e-6))


def _bumps(times: Track, at: Sequence[float], heights: Track | None, attack: float, release: float) -> Track:
    """Sum of smooth hills that peak at ``at``."""
    total = np.zeros_like(times)
    for i, moment in enumerate(at):
        away = times - moment
        hill = _smooth(1 - np.where(away < 0, -away / attack, away / release))
        total = np.maximum(total, hill * (1.0 if heights is None else heights[i]))
    return total


def _drift(times: Track, dice: Generator, period: float) -> Track:
    """Smooth noise in about -1..1 with a new random value every ``period`` seconds."""
    count = int(np.ceil((times[-1] - times[0]) / period)) + 3
    knots = dice.uniform(-1, 1, count)
    place = (times - times[0]) / period + dice.random()
    index = place.astype(int)
    share = _smooth(place - index)
    track: Track = knots[index] * (1 - share) + knots[index + 1] * share
    return track


def _saccades(times: Track, dice: Generator) -> Track:
    """Eyes that rest and jump: a step function with steps of about 60 ms."""
    total, moment = np.zeros_like(times), float(times[0]) + dice.uniform(0.3, 1.0)
    level = 0.0
    while moment < times[-1]:
        target = float(dice.choice([0.0, 0.0, dice.uniform(-1, 1)]))
        total += (target - level) * _ramp(times, moment, moment + 0.06)
        level, moment = target, moment + dice.uniform(0.5, 1.9)
    return total


def _switching(beat: Beat, dice: Generator, first: float) -> Track:
    """Between the camera (0) and the partner (1), changing where phrases end."""
    level, total = first, np.full_like(beat.times, first)
    moments = sorted({*beat.pauses, *_spaced(beat, dice, 1.2, 2.6)})
    last = -9.0
    for moment in moments:
        if moment - last < 0.9:
            continue
        target = 1.0 - level if dice.random() < 0.75 else level
        total += (target - level) * _ramp(beat.times, moment - 0.1, moment + 0.25)
        level, last = target, moment
    return total


def _spaced(beat: Beat, dice: Generator, least: float, most: float) -> list[float]:
    """Random moments of the speech, ``least`` to ``most`` seconds apart."""
    found, moment = [], beat.start + dice.uniform(0.3, most)
    while moment < beat.end - 0.3:
        found.append(float(moment))
        moment += dice.uniform(least, most)
    return found


def _gestures(beat: Beat, dice: Generator) -> tuple[Track, Track]:
    """Hands raised on some stresses, held for a moment, beating with the loudness."""
    hands = [np.zeros_like(beat.times), np.zeros_like(beat.times)]
    for moment in _spaced(beat, dice, 1.8, 3.6):
        length = dice.uniform(0.5, 1.3)
        hill = _ramp(beat.times, moment - 0.3, moment) * (1 - _ramp(beat.times, moment + length, moment + length + 0.5))
        sides = [0, 1] if dice.random() < 0.3 else [int(dice.integers(2))]
        for side in sides:
            hands[side] = np.maximum(hands[side], hill * dice.uniform(0.5, 1.0) * (0.8 + 0.25 * beat.energy))
    return hands[0], hands[1]


def _blinks(times: Track, near: Sequence[float], dice: Generator) -> Track:
    """Opening of the lids: blinks at some of the moments ``near`` and every 2 to 5 seconds."""
    moments = [t for t in near if dice.random() < 0.6]
    clock = float(times[0]) + dice.uniform(0.6, 3.0)
    while clock < times[-1]:
        moments.append(clock)
        clock += dice.uniform(2.0, 5.0)
    inside = [t for t in moments if times[0] + 0.2 < t < times[-1] - 0.3]
    return 1.0 - _bumps(times, inside, None, BLINK_S * 0.45, BLINK_S * 0.75)
