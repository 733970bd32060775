"""All motifs: importing this module fills the registry."""

from murakkab_runtimes.image.motifs import drawings, grounds, plain, skies, wilds
from murakkab_runtimes.image.motifs.registry import MOTIFS, Motif

__all__ = ["MOTIFS", "Motif", "drawings", "grounds", "plain", "skies", "wilds"]
