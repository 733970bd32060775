"""Probes of what speaks, listens and makes music."""

from __future__ import annotations

from collections.abc import Sequence

from murakkab.profiling.probe import Inputs, Made, Piece, Probe
from murakkab.profiling.probes import samples
from murakkab_optimizer.catalog import ModelCard

UNIT = "audio-second"


def speech(card: ModelCard) -> Sequence[Probe]:
    """A short and a long text of a female and a male voice."""
    texts = (samples.SHORT, samples.LONG)
    pieces = [Piece({"text": text, "voice": voice}) for text in texts for voice in ("female-1", "male-1")]
    return [Probe(UNIT, lambda inputs: pieces, _seconds)]


def _seconds(made: Made) -> float:
    return float(made.value["seconds"])


def recognition(card: ModelCard) -> Sequence[Probe]:
    """A short and a long recording."""
    return [Probe(UNIT, lambda inputs: [_heard(inputs, text) for text in (samples.SHORT, samples.LONG)])]


def _heard(inputs: Inputs, text: str) -> Piece:
    spoken = samples.speech(inputs, text)
    return Piece({"audio": spoken["audio"]}, spoken["seconds"])


def jingle(card: ModelCard) -> Sequence[Probe]:
    """The music of an episode."""
    return [Probe("task", lambda inputs: [Piece({"topic": "how tides work"})])]


def extraction(card: ModelCard) -> Sequence[Probe]:
    """The sound of a short and a long film."""
    return [Probe(UNIT, lambda inputs: [_film(inputs, count) for count in (2, 12)])]


def _film(inputs: Inputs, count: int) -> Piece:
    film = samples.film(inputs, count)
    return Piece({"file": film["video"]}, film["seconds"])


def fitting(card: ModelCard) -> Sequence[Probe]:
    """A short and a long sentence made a tenth faster."""
    return [Probe(UNIT, lambda inputs: [_fitted(inputs, text) for text in (samples.SHORT, samples.LONG)])]


def _fitted(inputs: Inputs, text: str) -> Piece:
    spoken = samples.speech(inputs, text)
    slot = {"start": 0.0, "end": spoken["seconds"] * 0.9, "until": spoken["seconds"] * 0.9}
    return Piece({"speech": spoken, "slot": slot}, spoken["seconds"])
