"""Murakkab: declare a multi-modal workflow, let a planner decide, stream the result."""

from __future__ import annotations

__all__ = ["__version__"]

__version__: str


def __getattr__(name: str) -> str:
    """Read ``__version__`` from the installed distribution when it is first asked for."""
    if name != "__version__":
        raise AttributeError(f"module 'murakkab' has no attribute '{name}'")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("murakkab")
    except PackageNotFoundError:
        return "0+unknown"
