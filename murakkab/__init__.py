"""Murakkab: declare a multi-modal workflow, let a planner decide, stream the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from murakkab.flow import (
        Input,
        collect,
        compose,
        each,
        find_flow,
        loop,
        previous,
        secret,
        task,
        use,
        when,
        workflow,
    )

__all__ = [
    "Input",
    "__version__",
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

__version__: str


def __getattr__(name: str) -> object:
    """Import the Python door, and read ``__version__`` from the distribution, when they are first asked for."""
    if name == "__version__":
        return _version()
    if name not in __all__:
        raise AttributeError(f"module 'murakkab' has no attribute '{name}'")
    from murakkab import flow

    return getattr(flow, name)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("murakkab")
    except PackageNotFoundError:
        return "0+unknown"
