"""All motifs: importing this module fills the registry."""

from murakkab_runtimes.image.motifs import grounds, plain, skies
from murakkab_runtimes.image.motifs.registry import MOTIFS, Motif

__all__ = ["MOTIFS", "Motif", "grounds", "plain", "skies"]
