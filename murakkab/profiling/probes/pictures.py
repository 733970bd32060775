"""Probes of what draws and reads pictures."""

from __future__ import annotations

from collections.abc import Sequence

from murakkab.profiling.probe import Inputs, Piece, Pieces, Probe
from murakkab.profiling.probes import samples
from murakkab_optimizer.catalog import ModelCard

TOPICS = ("Why the moon makes tides", "How volcanoes erupt", "The history of coffee")


def drawing(card: ModelCard) -> Sequence[Probe]:
    """Three scenes at each height."""
    return [Probe("image", _scenes(height), conditions={"height": height}) for height in samples.HEIGHTS]


def _scenes(height: int) -> Pieces:
    return lambda inputs: [Piece(samples.scene_arguments(topic, height)) for topic in TOPICS]


def slides(card: ModelCard) -> Sequence[Probe]:
    """A slide with three points at each height."""
    return [Probe("image", _slides(height), conditions={"height": height}) for height in samples.HEIGHTS]


def _slides(height: int) -> Pieces:
    size = {"width": samples.width(height), "height": height}
    return lambda inputs: [Piece({"slide": slide, "theme": "night", **size}) for slide in samples.slides(inputs)]


def reading(card: ModelCard) -> Sequence[Probe]:
    """A drawn slide of 360 lines."""
    return [Probe("image", _drawn_text, conditions={"height": 360})]


def _drawn_text(inputs: Inputs) -> Sequence[Piece]:
    arguments = {"slide": samples.slides(inputs)[0], "theme": "night", "width": 640, "height": 360}
    return [Piece({"image": inputs.made("drawn-slide", arguments).value["image"]})]
