"""How all hosts act through one turn: from its speech to a pose a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from murakkab_runtimes.video.rig.acting import Beat, listener_tracks, poses, speaker_tracks
from murakkab_runtimes.video.rig.pose import Pose
from murakkab_runtimes.video.rig.visemes import mouth_track
from murakkab_runtimes.video.shot import Timing
from murakkab_runtimes.video.soundtrack import Signal, loudness

FINE = 100.0
"""Windows a second in which stresses are sought."""

AMUSED = {"playful": 0.5, "funny": 0.7, "warm": 0.3, "bright": 0.35, "cheerful": 0.5}


@dataclass(frozen=True)
class Performance:
    """Poses of every host, frame by frame, and the moments at which phrases end."""

    poses: list[list[Pose]]
    pauses: list[float]


def perform(
    turn: Mapping[str, Any],
    speech: Mapping[str, Any],
    voice: Signal,
    timing: Timing,
    places: Sequence[float],
    speaker: int,
    seed: int,
) -> Performance:
    """Work out the movement of a turn.

    Args:
        turn: the turn's ``text``, ``kind`` and ``mood``.
        speech: its ``phonemes`` and ``words`` with times.
        voice: its samples at 48 kHz.
        timing: of the turn.
        places: where each host sits, -1 left to 1 right.
        speaker: index of the one who speaks.
        seed: of the turn.
    """
    times = (np.arange(timing.frames) + 0.5) / timing.fps
    energy = loudness(voice, timing.fps, timing.frames, timing.lead)
    stresses, pauses = _stresses(voice, timing), _pauses(speech.get("words") or [], timing)
    beat = Beat(
        times=times,
        energy=energy,
        stresses=stresses,
        pauses=pauses,
        start=timing.lead,
        end=timing.lead + timing.speech,
        question=str(turn.get("text", "")).rstrip().endswith("?"),
        amused=_amused(turn),
    )
    mouth = mouth_track(speech.get("phonemes") or [], energy, times - timing.lead, timing.speech)
    tracks = []
    for host, place in enumerate(places):
        dice = np.random.default_rng([seed, host])
        if host == speaker:
            tracks.append(poses(speaker_tracks(beat, _partner(places, host), dice), mouth))
        else:
            tracks.append(poses(listener_tracks(beat, float(np.sign(places[speaker] - place)), dice), None))
    return Performance(tracks, pauses)


def _partner(places: Sequence[float], host: int) -> float:
    others = [p for i, p in enumerate(places) if i != host]
    return float(np.sign(np.mean(others) - places[host])) if others else 0.0


def _amused(turn: Mapping[str, Any]) -> float:
    base = AMUSED.get(str(turn.get("mood", "")).lower(), 0.1)
    return min(1.0, base + {"reaction": 0.35, "opening": 0.45, "closing": 0.45}.get(str(turn.get("kind")), 0.0))


def _stresses(voice: Signal, timing: Timing) -> list[float]:
    """Where the voice is loud: peaks of the smoothed loudness, at least 0.35 s apart."""
    fine = loudness(voice, FINE, max(1, round(timing.speech * FINE)), 0.0)
    kernel: NDArray[np.float64] = np.hanning(17) / np.hanning(17).sum()
    smooth = np.convolve(fine, kernel, "same")
    inner = smooth[1:-1]
    peaks = np.flatnonzero((inner > smooth[:-2]) & (inner >= smooth[2:]) & (inner > 0.55)) + 1
    found: list[float] = []
    for peak in peaks.tolist():
        moment = timing.lead + peak / FINE
        if not found or moment - found[-1] > 0.35:
            found.append(moment)
    return found


def _pauses(words: Sequence[Mapping[str, Any]], timing: Timing) -> list[float]:
    """Ends of words that a gap or a punctuation mark follows."""
    found = []
    for word, following in pairwise(words):
        gap = float(following["start"]) - float(word["end"])
        if gap > 0.18 or (str(word["text"]).rstrip("\"')”’")[-1:] in ".!?;:,—" and gap > 0.03):
            found.append(timing.lead + float(word["end"]) + min(gap, 0.3) / 2)
    return found
