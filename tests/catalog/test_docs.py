"""What ``docs/catalogue.md`` shows can be read, and its table of prices is that of the catalogue."""

import re
from pathlib import Path

from murakkab_runtimes.catalog import load_capabilities, load_catalog, load_devices, read_catalog, read_profiles
from murakkab_runtimes.clusters import read_cluster

PAGE = (Path(__file__).parents[2] / "docs" / "catalogue.md").read_text(encoding="utf-8")
BLOCKS = {
    re.search(r"kind: (\w+)", block)[1]: block for block in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
}


def test_the_documents_can_be_read(tmp_path):
    others = BLOCKS["Device"].replace("A100", "H100")
    model = BLOCKS["Model"].replace("llava-onevision-7b\n", "phi-4\n", 1)
    parts = [BLOCKS["Model"], model, BLOCKS["Device"], others, BLOCKS["Profiles"]]
    (tmp_path / "page.yaml").write_text("---\n".join(parts), encoding="utf-8")
    assert read_catalog(tmp_path).cards["llava-onevision-7b"].quality_with({"frames": 1}).value == 0.508
    assert [profile.device for profile in read_profiles(tmp_path)] == ["A100", "H100"]


def test_the_cluster_can_be_read(tmp_path):
    (tmp_path / "cluster.yaml").write_text(BLOCKS["Cluster"], encoding="utf-8")
    assert [offer.price for offer in read_cluster(tmp_path / "cluster.yaml").offers] == [1.07, 12.29, 0.7, 0]


def test_the_prices_are_those_of_the_catalogue():
    for device in load_devices().values():
        row = (
            f"| {device.name} | {device.reserved:.2f} | {device.spot:.2f} | {device.idle_w:g} W | {device.peak_w:g} W |"
        )
        assert row in PAGE


def test_every_published_model_is_named():
    table = PAGE[PAGE.index("## Published models") :]
    planned = [card for card in load_catalog().values() if card.needs.accelerator_mb]
    for card in planned:
        assert card.name in table or card.name.rpartition("-")[2] in table
        assert card.capability in table
    assert {card.capability for card in planned} <= load_capabilities().keys()
