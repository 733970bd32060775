"""Models that are published and that no adapter runs: plans can be made with them, and nothing here picks them."""

import importlib.util
import re

import msgspec
import pytest

from murakkab.engine.planning import available, obstacle
from murakkab.language import load_workflow
from murakkab_runtimes.base import missing_parts, only_planned
from murakkab_runtimes.catalog import load_catalog, load_profiles
from murakkab_runtimes.hub.settings import Settings

CARDS = load_catalog()
PLANNED = [card for card in CARDS.values() if only_planned(card)]
STREAMWISE = ["gemma-3-27b", "kokoro-82m", "flux-1-dev", "framepack-denoiser", "framepack-vae", "framepack"]
STREAMWISE += ["fantasy-talking-denoiser", "fantasy-talking-vae", "fantasy-talking", "real-esrgan-x2", "yolo11x"]
MURAKKAB = ["gemma-3-27b", "nvlm-d-72b", "llava-onevision-7b", "deepseek-r1-distill-qwen-32b", "phi-4"]


def test_the_models_of_both_papers_are_there():
    assert CARDS.keys() >= {*STREAMWISE, *MURAKKAB, "whisper-large-v3"}


@pytest.mark.parametrize("name", [card.name for card in CARDS.values() if card.needs.accelerator_mb])
def test_a_published_model_says_what_it_needs_and_how_that_is_known(name):
    card = CARDS[name]
    assert card.needs.accelerator_mb > card.weights_mb > 0
    assert 0 < card.quality.value <= 1
    assert card.quality.source
    assert "/" in (card.weights.repo if card.weights else card.options["repository"])


@pytest.mark.parametrize("name", sorted({*STREAMWISE, *MURAKKAB}))
def test_a_model_with_published_times_says_how_long_it_loads(name):
    assert CARDS[name].load_s > 0


@pytest.mark.parametrize("name", STREAMWISE)
def test_a_model_of_streamwise_has_profiles_for_all_four_devices(name):
    assert {p.device for p in load_profiles() if p.model == name} == {"A100", "H100", "H200", "GB200"}


@pytest.mark.parametrize("name", MURAKKAB)
def test_a_model_of_murakkab_has_seconds_a_token_under_load(name):
    curves = [p for p in load_profiles() if p.model == name and p.unit == "token"]
    assert {p.device for p in curves} == {"A100", "H100"}
    for profile in curves:
        assert profile.load[0].unit_s == profile.unit_s
        assert [point.unit_s for point in profile.load] == sorted(point.unit_s for point in profile.load)


def test_more_frames_make_an_answer_better_and_slower():
    nvlm = CARDS["nvlm-d-72b"]
    qualities = [nvlm.quality_with({"frames": frames}).value for frames in nvlm.ranges["frames"].choices]
    assert qualities == [0.563, 0.617, 0.626]
    times = {
        p.knobs["frames"]: p.unit_s for p in load_profiles() if (p.model, p.unit) == ("gemma-3-27b-vision", "task")
    }
    assert times[1] < times[5] < times[10]


def test_nothing_here_can_use_them():
    usable, absent = available(CARDS)
    assert not {card.name for card in usable} & {card.name for card in PLANNED}
    assert "there is no adapter 'diffusers'" in absent["framepack-vae"]
    assert missing_parts(CARDS["framepack-vae"]) == ["the adapter 'diffusers'"]


HUB = [card for card in CARDS.values() if card.weights]


def put(folder):
    """Weights of nothing."""
    folder.mkdir(parents=True)
    (folder / "model.safetensors").touch()


PUBLISHED = ["flux-1-dev", "gemma-3-27b", "whisper-large-v3", "phi-4", "deepseek-r1-distill-qwen-32b"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_model_that_an_adapter_runs_is_used_where_its_weights_are(monkeypatch, tmp_path, name):
    card = CARDS[name]
    assert not only_planned(card)
    assert name in available(CARDS)[1]
    here = msgspec.structs.replace(card, packages=())
    assert missing_parts(here) == [f"the weights {card.weights.repo}"]
    put(tmp_path / card.weights.repo)
    monkeypatch.setenv("MURAKKAB_MODELS", str(tmp_path))
    assert missing_parts(here) == []


def test_shipped_weights_of_the_hub_name_a_commit():
    places = [card.weights for card in load_catalog().values() if card.weights is not None and not card.weights.url]
    places += [part for place in places for part in place.components.values()]
    assert len(places) > 25
    assert [place.repo for place in places if not re.fullmatch("[0-9a-f]{40}", place.revision)] == []
    pinned = {}
    for place in places:
        pinned.setdefault(place.repo, set()).add(place.revision)
    assert [repo for repo, commits in pinned.items() if len(commits) > 1] == []


def test_a_model_of_several_repositories_needs_them_all(monkeypatch, tmp_path):
    monkeypatch.setenv("MURAKKAB_MODELS", str(tmp_path))
    if importlib.util.find_spec("huggingface_hub"):
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    card = msgspec.structs.replace(CARDS["framepack"], packages=())
    repos = ["hunyuanvideo-community/HunyuanVideo", "lllyasviel/FramePackI2V_HY", "lllyasviel/flux_redux_bfl"]
    assert missing_parts(card) == [f"the weights {repo}" for repo in repos]
    unused = " ".join(f"--exclude '{name}/*'" for name in ("transformer", "image_encoder", "feature_extractor"))
    parts = card.weights.components
    commits = [card.weights.revision, parts["transformer"].revision, parts["image_encoder"].revision]
    wanted = [f"hf download {repo} --revision {commit}" for repo, commit in zip(repos, commits, strict=True)]
    assert obstacle(card) == f"run: {wanted[0]} {unused} && {wanted[1]} && {wanted[2]}"
    put(tmp_path / repos[0])
    for part in ("image_encoder", "feature_extractor"):
        put(tmp_path / repos[2] / part)
    assert obstacle(card) == f"run: {wanted[1]}"
    put(tmp_path / repos[1])
    assert obstacle(card) == ""


@pytest.mark.parametrize("name", ["flux-1-dev", "framepack", "gemma-3-27b", "phi-4", "qwen3-8b", "whisper-large-v3"])
def test_a_published_model_that_an_adapter_runs_has_its_knobs(name):
    usual = Settings()
    told = {knob: CARDS[name].knobs[knob] for knob in ("dtype", "quantization", "offload", "attention", "compile")}
    assert told == {knob: getattr(usual, knob) for knob in told}
    assert ("tiling" in CARDS[name].knobs) == CARDS[name].adapter.startswith("diffusers")


def test_no_model_of_a_hub_is_chosen_where_its_weights_are_not(monkeypatch, tmp_path):
    monkeypatch.setenv("MURAKKAB_MODELS", str(tmp_path))
    if importlib.util.find_spec("huggingface_hub"):
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    bare = {card.name: msgspec.structs.replace(card, packages=()) for card in HUB}
    usable, absent = available(bare)
    assert len(bare) > 10
    assert usable == []
    assert absent.keys() == bare.keys()
    for card in HUB:
        assert card.weights.repo in obstacle(bare[card.name])
        assert ("accept its licence" in obstacle(bare[card.name])) == card.weights.gated


def test_a_model_whose_adapter_is_there_is_not_planned_only():
    assert not only_planned(CARDS["lanczos"])
    lost = msgspec.structs.replace(CARDS["lanczos"], adapter="none-such")
    assert obstacle(lost) == "planned for, not run here: there is no adapter 'none-such'"


def test_the_published_podcast_is_a_workflow_whose_steps_all_have_profiles(example):
    asked = {node.capability for node in load_workflow(example).flat.nodes.values() if node.capability}
    timed = {CARDS[profile.model].capability for profile in load_profiles()}
    assert asked - timed == {"cast-reading"}


@pytest.fixture
def example(request):
    return request.config.rootpath / "examples" / "streamwise" / "podcast.yaml"
