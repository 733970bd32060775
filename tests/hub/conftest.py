"""Small checkpoints with random weights, made here and loaded as those of a hub are."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from murakkab_optimizer.catalog import ModelCard, Weights
from murakkab_runtimes.hub.torchaudio import without_compiled_torchaudio

TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}<|assistant|>"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models; the libraries that make them can be imported beside a torchaudio that finds no CUDA."""
    if importlib.util.find_spec("torch") is not None:
        without_compiled_torchaudio()
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def pipelines(models: Path) -> Path:
    from tests.hub import pipelines as tiny

    for name in ("sdxl", "flux", "ltx", "wan", "framepack", "wan22", "wan22small", "hunyuan", "qwen"):
        getattr(tiny, f"save_{name}")(models / "tiny" / name)
    tiny.scatter_framepack(models / "scattered")
    return models


@pytest.fixture(autouse=True)
def only_these(monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    monkeypatch.setenv("MURAKKAB_MODELS", str(models))


def hub_card(adapter: str, capability: str, repo: str, **more: object) -> ModelCard:
    """A card of a small checkpoint."""
    return ModelCard(
        name=repo.rpartition("/")[2],
        capability=capability,
        adapter=adapter,
        description="A small checkpoint with random weights.",
        licence="Apache-2.0",
        source="made in the test",
        weights=Weights(repo),
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
def told_to_compile(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What torch was told to compile, and, as often as it was called then, what was called; nothing is compiled."""
    seen: list[str] = []

    def compiled(call: Any) -> Any:
        seen.append(f"compile {type(call.__self__).__name__}")

        def run(*given: Any, **named: Any) -> Any:
            seen.append(f"run {type(call.__self__).__name__}")
            return call(*given, **named)

        return run

    monkeypatch.setattr("torch.compile", compiled)
    return seen
