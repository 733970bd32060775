"""Runtimes that do nothing, so that what is measured is what lies around a task."""

from __future__ import annotations

from murakkab_runtimes.base import Runtime, Task


class Numbers(Runtime):
    """Streams ``count`` numbers at once."""

    def run(self, task: Task) -> list[int]:
        """Emit them."""
        for number in range(task.arguments["count"]):
            task.emit({"number": number})
        return []


class Noop(Runtime):
    """Gives back an empty object."""

    def run(self, task: Task) -> dict[str, int]:
        """Do nothing."""
        return {}
