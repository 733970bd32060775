"""What is known of the speed of models: profiles, and functions of the work that are fitted to measurements."""

from murakkab_optimizer.profiles.nouns import LoadPoint, Profile, Provenance, nearest
from murakkab_optimizer.profiles.shipped import shipped

__all__ = ["LoadPoint", "Profile", "Provenance", "nearest", "shipped"]
