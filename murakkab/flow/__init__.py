"""The Python door of the language: functions become the same checked workflow that a file gives.

The function that ``@workflow`` decorates is gone through once with references instead of values; every task that it
calls becomes a step.
"""

from __future__ import annotations

from .blocks import collect, each, loop, previous, when
from .find import find_flow
from .inputs import Input
from .tasks import Asked, Task, compose, secret, task, use
from .workflows import Flow, workflow

__all__ = [
    "Asked",
    "Flow",
    "Input",
    "Task",
    "collect",
    "compose",
    "each",
    "find_flow",
    "loop",
    "previous",
    "secret",
    "task",
    "use",
    "when",
    "workflow",
]
