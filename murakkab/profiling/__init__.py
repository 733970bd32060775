"""What is known of speeds on this machine: measured here, scaled by a calibration, corrected by what runs observe."""

from __future__ import annotations

from murakkab.profiling.known import known_profiles
from murakkab.profiling.machine import this_cluster

__all__ = ["known_profiles", "this_cluster"]
