"""Starting and ending workers by what waits."""

from murakkab.scaling.autoscaler import Autoscaler, Bounds
from murakkab.scaling.backend import Backend, LocalProcesses

__all__ = ["Autoscaler", "Backend", "Bounds", "LocalProcesses"]
