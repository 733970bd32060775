"""``murakkab models`` and ``murakkab devices`` tell what is known, and where it comes from."""

from __future__ import annotations

import json

import pytest

from murakkab_runtimes.catalog import load_catalog


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def test_only_a_name_that_is_like_one_is_suggested(invoke):
    assert "models: anime4k" in invoke("models", "nope").err
    assert "did you mean 'kokoro'?" in invoke("models", "kokro").err


def test_all_models_are_listed_and_what_is_planned_for_only_says_so(invoke):
    lines = invoke("models").out.splitlines()
    found = {line.split()[0]: line.split() for line in lines if line.startswith("  ")}
    assert found.keys() == load_catalog().keys()
    assert {line.strip() for line in lines[1:]} >= {card.capability for card in load_catalog().values()}
    assert found["framepack-vae"][1:6] == ["1.00", "planned", "A100", "+3", "Tencent-Hunyuan-Community"]
    assert found["flux-1-dev"][1:6] == ["0.90", "no", "A100", "+3", "FLUX-1-dev-Non-Commercial"]
    assert found["lanczos"][2:4] == ["yes", "cpu"]


def test_a_list_on_a_narrow_terminal_loses_no_column(invoke, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = invoke("models", "-c", "text-generation").out.splitlines()
    assert lines[0].split() == ["Model", "Quality", "Here", "Timed", "on", "Licence"]
    (gemma,) = [line.split() for line in lines if "gemma-3-27b" in line]
    assert gemma[:5] == ["gemma-3-27b", "0.87", "no", "A100", "+3"]


def test_the_models_of_one_capability(invoke):
    answer = invoke("models", "--capability", "text-to-speech")
    assert "hibari-joe" in answer.out
    assert "lanczos" not in answer.out


def test_a_page_shows_knobs_needs_licence_quality_and_profiles_with_their_sources(invoke):
    page = invoke("models", "framepack-denoiser").out
    assert "LicenseRef-Tencent-Hunyuan-Community" in page
    assert "steps: 10" in page
    assert "54.7 GiB of accelerator memory" in page
    assert "own judgement" in page
    assert "cited: StreamWise (arXiv 2603.05800), table latency_hf_mapping" in page
    assert "above 4 GPUs extrapolated by its authors" in page
    assert "0.0826 s per frame" in page


def test_a_page_shows_ranges_ratings_and_load_curves(invoke):
    page = invoke("models", "nvlm-d-72b").out
    assert "frames: 10  (tries 1, 5, 10; may be 1..32)" in page
    assert "0.563 with frames 1" in page
    assert "0.065 s at 766/s" in page


def test_a_page_of_a_model_that_was_never_measured_says_so(invoke):
    assert "Nothing is known of its speed." in invoke("models", "whisper-large-v3").out


def test_programs_read_json(invoke):
    answer = invoke("models", "phi-4", "--json")
    card = json.loads(answer.out)
    assert card["obstacle"].startswith("run: ")
    assert [profile["devices"] for profile in card["profiles"] if profile["device"] == "H100"] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("models", "phi4"), "did you mean 'phi-4'?"),
        (("models", "--capability", "text-to-speach"), "did you mean 'text-to-speech'?"),
        (("devices", "--cluster", "8xA10"), "there are: 8xA100, "),
        (("devices", "--cluster", "8xA10"), ", 256xA100+64xH200"),
        (("devices", "--cluster", "lost.yaml"), "lost.yaml: it cannot be read"),
    ],
)
def test_what_does_not_exist_is_answered_with_the_nearest(invoke, arguments, hint):
    answer = invoke(*arguments)
    assert answer.code == 2
    assert hint in answer.err


def test_devices_show_prices_and_power_with_their_sources(invoke):
    out = invoke("devices").out
    assert "10.76" in out
    assert "idle power is a placeholder" in out
    assert "cpu core" in out
    assert "256xA100+64xH200" in out


def test_a_cluster_shows_what_it_has(invoke, tmp_path):
    out = invoke("devices", "--cluster", "two-regions").out
    assert "384 cores, 9,500 GiB of memory" in out
    assert "east to west: 10 Gbit/s, 60 ms" in out
    assert "0.05" in out
    cluster = json.loads(invoke("devices", "--cluster", "8xH100", "--json").out)
    assert cluster["offers"][0]["device"]["name"] == "H100"


def test_a_wrong_cluster_file_is_told_with_its_place(invoke, tmp_path):
    (tmp_path / "mine.yaml").write_text("apiVersion: murakkab/v1\nkind: Cluster\ndevices: [{type: H10, count: 8}]\n")
    answer = invoke("devices", "--cluster", "mine.yaml")
    assert answer.code == 2
    assert "mine.yaml:3:18: there is no device type 'H10'; nearest: H100" in answer.err


def test_doctor_tells_of_them_in_one_line(invoke):
    lines = [line for line in invoke("doctor").out.splitlines() if "nothing here runs" in line]
    assert len(lines) == 1
    assert "flux-1-dev" not in lines[0] or "..." in lines[0]


def test_doctor_tells_of_what_a_hub_would_have_in_one_line(invoke):
    told = invoke("doctor").out
    assert len([line for line in told.splitlines() if "models of hubs" in line]) == 1
    assert "text-generation: qwen3-8b" not in told
