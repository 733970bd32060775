"""Pictures of a workflow: what it does, drawn as text for Mermaid or as an SVG file."""

from __future__ import annotations

from .mermaid import to_mermaid
from .sketch import Picture, sketch

__all__ = ["Picture", "sketch", "to_mermaid", "to_svg"]


def to_svg(picture: Picture) -> str:
    """Draw the picture as an SVG file; the layout engine is imported here."""
    from .svg import draw

    return draw(picture)
