"""From phonemes to the movement of the mouth.

Every phoneme has a target shape (a viseme). The mouth moves through the targets with overlapping dominance
(Cohen and Massaro 1993), so that a vowel is anticipated, and closures (lips together, lip under the teeth) are
always reached. See Edwards et al., "JALI" (2016) for why they must be.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.float64]

SHAPE = ("open", "wide", "teeth", "tongue", "tuck", "press")
"""Height of the opening 0..1; width -1 (puckered) to 1 (spread); upper teeth, tongue, lower lip under the teeth and
lips pressed together, each 0..1."""

VISEMES: dict[str, tuple[float, ...]] = {
    "rest": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "MBP": (0.0, -0.05, 0.0, 0.0, 0.0, 1.0),
    "FV": (0.12, 0.1, 0.9, 0.0, 1.0, 0.0),
    "TH": (0.24, 0.15, 0.7, 1.0, 0.0, 0.0),
    "L": (0.36, 0.1, 0.5, 0.8, 0.0, 0.0),
    "TDN": (0.22, 0.2, 0.8, 0.4, 0.0, 0.0),
    "SZ": (0.15, 0.4, 1.0, 0.0, 0.0, 0.0),
    "SH": (0.26, -0.55, 0.85, 0.0, 0.0, 0.0),
    "KG": (0.34, 0.1, 0.3, 0.2, 0.0, 0.0),
    "AA": (1.0, 0.0, 0.35, 0.25, 0.0, 0.0),
    "AH": (0.62, 0.0, 0.4, 0.2, 0.0, 0.0),
    "AE": (0.78, 0.4, 0.6, 0.25, 0.0, 0.0),
    "EH": (0.58, 0.38, 0.6, 0.2, 0.0, 0.0),
    "IY": (0.3, 0.75, 0.8, 0.1, 0.0, 0.0),
    "IH": (0.38, 0.35, 0.6, 0.15, 0.0, 0.0),
    "AO": (0.82, -0.45, 0.15, 0.2, 0.0, 0.0),
    "OW": (0.56, -0.75, 0.0, 0.1, 0.0, 0.0),
    "UW": (0.28, -1.0, 0.0, 0.0, 0.0, 0.0),
    "R": (0.3, -0.5, 0.4, 0.2, 0.0, 0.0),
    "schwa": (0.36, 0.05, 0.4, 0.15, 0.0, 0.0),
}

_SYMBOLS = {
    "MBP": "m b p ɓ",
    "FV": "f v ɱ ʋ",
    "TH": "θ ð",
    "L": "l ɫ ɭ ʎ",
    "TDN": "t d n ɾ T ʔ ɲ ɳ ʈ ɖ",
    "SZ": "s z ʦ ʣ",
    "SH": "ʃ ʒ ʧ ʤ tʃ dʒ ɕ ʑ ç",
    "KG": "k ɡ g ŋ x ɣ q h ɦ",
    "AA": "ɑ a ɒ ä",
    "AH": "ʌ ɐ",
    "AE": "æ",
    "EH": "ɛ e ø œ",
    "IY": "i j y",
    "IH": "ɪ ᵻ ɨ ʏ",
    "AO": "ɔ",
    "OW": "o",
    "UW": "u ʊ w ʍ ɯ",
    "R": "ɹ r ɝ ɚ ɜ ʁ ʀ ɻ",
    "schwa": "ə ᵊ ɘ ɵ",
}
BY_SYMBOL = {symbol: viseme for viseme, symbols in _SYMBOLS.items() for symbol in symbols.split()}
GLIDES = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "Q": "əʊ"}
"""Diphthongs written as one capital letter, as the Kokoro family of voices does."""

REACH = {"open": 0.055, "wide": 0.09, "teeth": 0.05, "tongue": 0.045, "tuck": 0.035, "press": 0.035}
"""Seconds in which a target's influence falls to 1/e outside its phoneme: lips round before the jaw opens."""

STRENGTH = {"UW": 1.5, "schwa": 0.5, "KG": 0.5, "TDN": 0.7, "rest": 0.8}
CLOSING_S = 0.07
"""Seconds that the lips take to close and to open again."""

AHEAD_S = 0.02
"""How much earlier than the sound the whole mouth moves."""


def visemes_of(symbol: str) -> list[str]:
    """Visemes of one phoneme symbol, in order; stress and length marks are ignored, unknown letters rest halfway."""
    letters = unicodedata.normalize("NFC", symbol)
    bare = "".join(c for c in letters if unicodedata.category(c) in ("Ll", "Lu", "Lo"))
    bare = "".join(GLIDES.get(c, c) for c in bare)
    if bare in BY_SYMBOL:
        return [BY_SYMBOL[bare]]
    return [BY_SYMBOL.get(c, "schwa") for c in bare] or ["rest"]


Segment = tuple[str, float, float]


def segments(phonemes: Sequence[Mapping[str, Any]], seconds: float) -> list[Segment]:
    """Split phonemes into visemes with start and end in seconds, rests in the gaps, over ``[-1, seconds + 1]``."""
    found: list[Segment] = []
    clock = -1.0
    for phoneme in sorted(phonemes, key=lambda p: float(p["start"])):
        start, end = max(clock, float(phoneme["start"])), float(phoneme["end"])
        if end <= start:
            continue
        if start - clock > 0.03:
            found.append(("rest", clock, start))
        parts = visemes_of(str(phoneme["p"]))
        step = (end - start) / len(parts)
        found += [(part, start + i * step, start + (i + 1) * step) for i, part in enumerate(parts)]
        clock = end
    return [*found, ("rest", clock, max(clock, seconds) + 1.0)]


def mouth_track(phonemes: Sequence[Mapping[str, Any]], energy: Track, times: Track, seconds: float) -> dict[str, Track]:
    """Shape of the mouth at each time.

    Args:
        phonemes: ``{"p", "start", "end"}`` in seconds; may be empty, then the loudness alone opens the mouth.
        energy: loudness in 0..1 at each time.
        times: seconds from the start of the speech.
        seconds: length of the speech.

    Returns:
        One array for each name in ``SHAPE``.
    """
    if not phonemes:
        return _from_loudness(energy, times)
    parts = segments(phonemes, seconds)
    track = _blend(parts, times + AHEAD_S)
    track["open"] = track["open"] * (0.7 + 0.4 * energy)
    return _close(track, parts, times)


def _from_loudness(energy: Track, times: Track) -> dict[str, Track]:
    track = {name: np.zeros_like(times) for name in SHAPE}
    track["open"] = energy * 0.75
    track["wide"] = 0.45 * np.sin(times * 7.3) * energy
    track["teeth"] = 0.5 * energy
    return track


def _blend(parts: list[Segment], times: Track) -> dict[str, Track]:
    starts, ends = (np.array([p[i] for p in parts], dtype=float)[None] for i in (1, 2))
    weight = np.array([STRENGTH.get(p[0], 1.0) for p in parts])[None]
    targets = np.array([VISEMES[p[0]] for p in parts])
    trim = np.minimum((ends - starts) * 0.25, 0.05)
    away = np.maximum(np.maximum(starts + trim - times[:, None], times[:, None] - ends + trim), 0.0)
    track = {}
    for column, name in enumerate(SHAPE):
        dominance = weight * np.exp(-((away / REACH[name]) ** 1.5)) + 1e-9
        track[name] = (dominance @ targets[:, column]) / dominance.sum(axis=1)
    return track


def _close(track: dict[str, Track], parts: list[Segment], times: Track) -> dict[str, Track]:
    """Make closures complete at the frame nearest to each, whatever the frame rate."""
    closures = [part for part in parts if part[0] in ("MBP", "FV")]
    if not closures:
        return track
    frame = float(times[1] - times[0]) if len(times) > 1 else 0.04
    middles = np.array([(start + end) / 2 for _, start, end in closures])
    halves = np.array([max((end - start) / 2, frame / 2) for _, start, end in closures])
    targets = np.array([VISEMES[viseme] for viseme, _, _ in closures])
    away = np.abs(times[:, None] - middles)
    nearest = away.argmin(axis=1)
    shut = np.clip(1.0 - (away.min(axis=1) - halves[nearest]) / CLOSING_S, 0.0, 1.0)
    shut = shut * shut * (3 - 2 * shut)
    return {name: track[name] + (targets[nearest, column] - track[name]) * shut for column, name in enumerate(SHAPE)}
