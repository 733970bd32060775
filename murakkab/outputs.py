"""The outputs that a run tells in its last event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STREAM = "stream"
"""The output that is played while it is made."""

_VIDEO = (".mp4", ".h264")


def told_outputs(finished: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of a ``run.finished`` event that are worth telling: none that is played or is the run's video."""
    outputs = finished.get("outputs") or {}
    if not finished.get("video"):
        return dict(outputs)
    return {name: value for name, value in outputs.items() if name != STREAM and not _holds_video(value)}


def _holds_video(value: Any) -> bool:  # noqa: ANN401 - JSON of any shape
    match value:
        case str():
            return value.endswith(_VIDEO)
        case dict():
            return any(map(_holds_video, value.values()))
        case list():
            return any(map(_holds_video, value))
    return False
