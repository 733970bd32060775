"""The knob compile: torch compiles the denoiser, and what it cannot compile goes on as it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.hub.tiny import SECTION, STEPS, card, do, load, png

torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
pytest.importorskip("diffusers", reason="comes with the extra 'diffusers'")

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # schedulers of diffusers


def test_the_denoiser_is_compiled_where_the_card_says_so(
    pipelines: Path, tmp_path: Path, told_to_compile: list[str]
) -> None:
    knobs = {**STEPS, "compile": True}
    plain, quick = (load(card("flux", "text-to-image", each)) for each in (STEPS, knobs))
    assert told_to_compile == ["compile FluxTransformer2DModel"]
    pictures = [do(one, tmp_path, section=SECTION, width=32, height=32)["image"] for one in (plain, quick)]
    assert told_to_compile[1:] == ["run FluxTransformer2DModel"] * 2
    assert pictures[0].read_bytes() == pictures[1].read_bytes()


def test_what_cannot_be_compiled_goes_on_as_it_is_and_is_told(
    pipelines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from torch._dynamo.exc import BackendCompilerFailed

    def compiled(call: Any) -> Any:
        def run(*_given: Any, **_named: Any) -> Any:
            raise BackendCompilerFailed(compiled, RuntimeError("no C++ compiler"), None)

        return run

    monkeypatch.setattr("torch.compile", compiled)
    model = load(card("flux", "text-to-image", {**STEPS, "compile": True}))
    monkeypatch.undo()
    monkeypatch.setenv("MURAKKAB_MODELS", str(pipelines))
    whole = load(card("flux", "text-to-image", STEPS))
    found = [do(one, tmp_path, section=SECTION, width=32, height=32)["image"] for one in (model, whole, model)]
    assert len({path.read_bytes() for path in found}) == 1
    said = capsys.readouterr().err
    assert said.count("flux runs without compiling: ") == 1
    assert "no C++ compiler" in said


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
def test_without_a_compiler_the_denoiser_goes_on_as_it_is(
    pipelines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch._inductor.config as settings

    monkeypatch.setattr(settings.cpp, "cxx", ("no-such-compiler",))
    monkeypatch.setattr(settings, "force_disable_caches", True)
    torch._dynamo.reset()
    models = [load(card("flux", "text-to-image", {**STEPS, "compile": each})) for each in (False, True)]
    seen = [do(one, tmp_path, section=SECTION, width=32, height=32)["image"].read_bytes() for one in models]
    assert seen[0] == seen[1]
    assert "runs without compiling: " in capsys.readouterr().err


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")  # of the compiler, which warns of itself
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch compiles for processors with a C++ compiler")
def test_a_compiled_denoiser_paints_much_the_same(
    pipelines: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = [load(card("flux", "text-to-image", {**STEPS, "compile": each})) for each in (False, True)]
    seen = [png(do(one, tmp_path, section=SECTION, width=32, height=32)["image"]) for one in models]
    assert np.abs(seen[0].astype(int) - seen[1]).max() <= 2
    assert "without compiling" not in capsys.readouterr().err
