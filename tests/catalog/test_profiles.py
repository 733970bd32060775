"""Profiles and devices are read from the catalogue; what is wrong with them is told with file, document and row."""

import json
import os
from pathlib import Path

import pytest

from murakkab_optimizer.profiles import LoadPoint, Profile
from murakkab_runtimes.catalog import (
    CatalogError,
    load_catalog,
    load_devices,
    load_profiles,
    read_catalog,
    read_profiles,
)

DATA = Path(os.environ.get("MURAKKAB_DATA", Path(__file__).parents[3] / "shared" / "data"))

MODEL = """\
apiVersion: murakkab/v1
kind: Model
name: painter
capability: text-to-image
adapter: none-such
description: Paints.
licence: MIT
source: nowhere
knobs: {steps: 10}
---
apiVersion: murakkab/v1
kind: Device
name: A1
reserved: 2
source: a test
---
"""
HEAD = "apiVersion: murakkab/v1\nkind: Profiles\nmodel: painter\nunit: image\n"


def profiles(folder: Path, text: str) -> tuple[Profile, ...]:
    (folder / "cards.yaml").write_text(MODEL + text)
    return read_profiles(folder)


def test_a_row_says_what_differs_from_what_is_common(tmp_path):
    common = "knobs: {steps: 10}\nconditions: {width: 640}\nfixed_s: 0.5\nprovenance: {kind: cited, source: a paper}\n"
    rows = (
        "rows:\n"
        "  - {device: A1, devices: 2, unit_s: 3, power_w: 400, load: [{rate: 1, unit_s: 3}, {rate: 2, unit_s: 4}]}\n"
        "  - {device: cpu, unit_s: 60, fixed_s: 0, conditions: {height: 480}}\n"
    )
    first, second = profiles(tmp_path, HEAD + common + rows)
    assert (first.device, first.devices, first.power_w) == ("A1", 2, 400)
    assert first.seconds(2) == 6.5
    assert first.load == (LoadPoint(1, 3), LoadPoint(2, 4))
    assert second.seconds(2) == 120
    assert second.conditions == {"width": 640, "height": 480}
    assert first.provenance == second.provenance
    assert first.provenance.kind == "cited"


def test_long_tables_stand_in_a_folder_of_their_own(tmp_path):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "table.yaml").write_text(HEAD + "rows: [{device: A1, unit_s: 3}]")
    assert [profile.unit_s for profile in profiles(tmp_path, HEAD + "rows: [{device: cpu, unit_s: 9}]")] == [9, 3]
    assert not read_catalog(tmp_path).profiles[1:]


def test_only_profiles_stand_in_that_folder(tmp_path):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "table.yaml").write_text(MODEL.rpartition("---")[0])
    with pytest.raises(CatalogError, match=r"table\.yaml: only documents of kind Profiles"):
        read_profiles(tmp_path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rows: []", "profiles of painter: 'rows:' must be a list of mappings"),
        ("rows: [{unit_s: 1}, {unit_s: fast}]", r"painter, row 2: Expected `float`.*unit_s"),
        ("rows: [{unit_s: .nan}]", "row 1: times, watts and memory must be numbers of 0 or more"),
        ("rows: [{unit_s: -1}]", "row 1: times, watts and memory must be numbers of 0 or more"),
        ("rows: [{unit_s: 0}]", "row 1: one of 'unit_s' and 'fixed_s' must be more than 0"),
        ("rows: [{unit_s: 1, device: A1, devices: 0}]", "row 1: 'devices' must be 1 or more"),
        ("rows: [{unit_s: 1, devices: -1}]", "row 1: 'devices' must be 1 or more"),
        ("rows: [{unit_s: 1, knobs: 3}]", "row 1: 'knobs' must be a mapping"),
        ("rows: [{unit_s: 1, speed: 3}]", "row 1: Object contains unknown field `speed`"),
        ("rows: [{unit_s: 1, load: [{rate: 2, unit_s: 1}, {rate: 1, unit_s: 1}]}]", "must stand by rising rate"),
        ("rows: [{unit_s: 1, device: A10}]", "there is no device 'A10'; did you mean A1?"),
        ("rows: [{unit_s: 1, knobs: {width: 640}}]", "the model has no knob 'width'; .* under 'conditions'"),
        ("model: paintr\nrows: [{unit_s: 1}]", "there is no such model; did you mean painter?"),
    ],
)
def test_profiles_that_are_wrong_are_named(tmp_path, text, complaint):
    head = HEAD if "model:" not in text else HEAD.replace("model: painter\n", "")
    with pytest.raises(CatalogError, match=rf"cards\.yaml: .*{complaint}"):
        profiles(tmp_path, head + text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name: X\nreserved: 1\nsource: s\nspot: -2", "X: spot is -2.0"),
        ("name: X\nreserved: .inf\nsource: s", "X: reserved is inf"),
        ("name: X\nreserved: 1\nserver_size: 0", "X: server_size is 0"),
        ("name: X", "X: .*missing required field `reserved`"),
        ("name: A1\nreserved: 1", "the device 'A1' is described twice"),
    ],
)
def test_devices_that_are_wrong_are_named(tmp_path, text, complaint):
    with pytest.raises(CatalogError, match=complaint):
        profiles(tmp_path, f"apiVersion: murakkab/v1\nkind: Device\n{text}")


def test_what_a_card_measured_is_a_shipped_profile():
    card = load_catalog()["anime4k"]
    (measured,) = [profile for profile in load_profiles() if profile.model == "anime4k"]
    assert measured.unit_s == card.measured[0].seconds
    assert (measured.device, measured.devices) == ("cpu", card.needs.threads)
    assert measured.conditions == {"height": 720, "from_height": 360}
    assert measured.provenance.kind == "shipped"
    assert measured.provenance.device == card.measured[0].device
    assert measured.provenance.samples == card.measured[0].samples


def test_a_setting_of_a_measurement_that_is_a_knob_is_one_of_the_profile():
    drawn = [profile for profile in load_profiles() if profile.model == "drawn-hosts"]
    assert all(profile.knobs["detail"] for profile in drawn)
    assert {profile.conditions["height"] for profile in drawn} == {360, 720}


def test_every_number_says_where_it_comes_from():
    for profile in load_profiles():
        assert profile.provenance.source
        assert profile.provenance.date
        assert (profile.provenance.kind == "shipped") == (profile.device == "cpu")
    assert all("StreamWise" in device.source for device in load_devices().values())


def test_published_ratios_of_devices_hold():
    """StreamWise, section 5: a denoiser is 1.9 to 2.2 times as fast on H100, and 2.9 times or more on GB200."""
    (a100, h100, gb200) = (unit_s("framepack-denoiser", device, 1) for device in ("A100", "H100", "GB200"))
    assert 1.9 <= a100 / h100 <= 2.3
    assert 2.9 <= a100 / gb200 <= 3.3
    assert unit_s("fantasy-talking-denoiser", "GB200", 1) < unit_s("fantasy-talking-denoiser", "H200", 1)


def unit_s(model: str, device: str, devices: int) -> float:
    (found,) = [p for p in load_profiles() if (p.model, p.device, p.devices) == (model, device, devices)]
    return found.unit_s


SAME = {"HF": ("framepack-denoiser", 105), "FT": ("fantasy-talking-denoiser", 81), "HF_VAE": ("framepack-vae", 1)}
SAME |= {"FT_VAE": ("fantasy-talking-vae", 1), "UPSCALER": ("real-esrgan-x2", 1)}


def test_the_profiles_give_the_times_of_the_published_cost_model():
    file = DATA / "profiles" / "streamwise_cost_model.json"
    if not file.is_file():
        pytest.skip(f"there is no {file}; set MURAKKAB_DATA to the folder of the published tables")
    entries = json.loads(file.read_text())["options"][0]["entries"]
    checked = [entry for entry in entries if entry["model"] in SAME]
    for entry in checked:
        model, frames = SAME[entry["model"]]
        assert frames * unit_s(model, entry["device"], entry["devices"]) == pytest.approx(entry["unit_s"], rel=1e-3)
    assert len(checked) == 104
