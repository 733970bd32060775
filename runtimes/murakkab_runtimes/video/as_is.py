"""The adapter ``as-is``: clips that have the canvas size already are handed on."""

from __future__ import annotations

from typing import Any

from murakkab_runtimes.base import InputError, Output, Runtime, Task


class AsIs(Runtime):
    """Returns the argument ``clip`` untouched. Its size must be ``width`` x ``height``."""

    def run(self, task: Task) -> Output:
        """Check the size and hand the clip on."""
        clip: dict[str, Any] = task.arguments["clip"]
        wanted = (task.arguments["width"], task.arguments["height"])
        if (clip["width"], clip["height"]) != wanted:
            raise InputError(
                f"the clip is {clip['width']}x{clip['height']} and the canvas {wanted[0]}x{wanted[1]}: "
                "use a model that enlarges, for example --use upscale=lanczos"
            )
        return Output(clip, {"seconds": clip["frames"] / clip["fps"]})
