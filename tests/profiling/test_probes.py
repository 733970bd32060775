"""What probes of diffusion models ask for, and where they take it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from murakkab.profiling.probe import Arguments, Made, probes_of
from murakkab_optimizer.catalog import Weights
from murakkab_runtimes.base import Unavailable
from murakkab_runtimes.catalog import load_capabilities, load_catalog

CARDS = load_catalog()


class Shelf:
    """Notes which models are asked for inputs; what they make is a file of their name."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, set[str]()

    def made(self, model: str, arguments: Arguments) -> Made:
        self.asked.add(model)
        return Made(dict.fromkeys(("image", "embeddings", "latents"), self.folder / model))

    def made_in_order(self, model: str, tasks: Sequence[Arguments]) -> list[Made]:
        raise AssertionError(model)


@pytest.mark.parametrize(
    ("name", "unit", "makers"),
    [
        ("flux-1-schnell-repaint", "image", {"drawn-scene"}),
        ("ltx-video", "frame", {"drawn-scene"}),
        ("flux-1-schnell-encoder", "task", set()),
        ("flux-1-schnell-denoiser", "image", {"flux-1-schnell-encoder"}),
        ("wan-2-1-1b-denoiser", "frame", {"wan-2-1-1b-encoder"}),
        ("wan-2-1-1b-decoder", "frame", {"wan-2-1-1b-encoder", "wan-2-1-1b-denoiser"}),
    ],
)
def test_a_probe_gives_what_the_capability_takes(name: str, unit: str, makers: set[str], tmp_path: Path) -> None:
    takes = load_capabilities()[CARDS[name].capability].takes or {}
    needed, known = {key for key in takes if not key.endswith("?")}, {key.rstrip("?") for key in takes}
    shelf = Shelf(tmp_path)
    for probe in probes_of(CARDS[name]):
        assert probe.unit == unit
        pieces = probe.pieces(shelf)
        assert all(needed <= one.arguments.keys() <= known for one in pieces)
        assert all(
            probe.conditions[key] == one.arguments[key] for one in pieces for key in probe.conditions if key in known
        )
        assert len(pieces) == (2 if unit == "frame" else 1)
    assert shelf.asked == makers


def test_a_part_whose_sister_is_not_there_says_so(tmp_path: Path) -> None:
    alone = msgspec.structs.replace(CARDS["flux-1-schnell-decoder"], name="alone", weights=Weights("me/alone"))
    with pytest.raises(Unavailable, match="no model of 'text-encoding' has the weights of alone"):
        probes_of(alone)[0].pieces(Shelf(tmp_path))
