"""Knobs that all hub models share."""

from __future__ import annotations

import builtins
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from murakkab_runtimes.base import InputError, OutOfMemory, Unavailable
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.hub import diffusion_parts, loading
from murakkab_runtimes.hub.device import pick_device, pick_dtype
from murakkab_runtimes.hub.memory import is_broken, peak_mb, watched
from murakkab_runtimes.hub.settings import Settings, check_device, read_settings
from murakkab_runtimes.workers.child import Child
from murakkab_runtimes.workers.messages import Run


def test_knobs_that_are_not_given_have_their_defaults() -> None:
    assert read_settings({"steps": 4, "offload": "model"}) == Settings(offload="model")


@pytest.mark.parametrize(
    ("knobs", "told"),
    [
        ({"dtype": "float8"}, "dtype is 'float8'; give one of auto, float32"),
        ({"offload": "disk"}, "offload is 'disk'"),
        ({"compile": "yes"}, "compile is 'yes'; give true or false"),
    ],
)
def test_a_value_that_cannot_be_is_refused(knobs: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_settings(knobs)


def test_a_choice_whose_package_is_missing_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="pip install flash-attn"):
        read_settings({"attention": "flash"})


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings(offload="group"), "tiny: 'offload' needs an accelerator; on a processor leave it 'none'"),
        (Settings(attention="flash"), "tiny: attention 'flash' needs an accelerator of CUDA; take 'auto' here"),
        (Settings(quantization="nf4"), "tiny: quantization 'nf4' needs an accelerator of CUDA; take 'int8' here"),
    ],
)
def test_what_a_processor_cannot_do_is_refused(settings: Settings, told: str) -> None:
    torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
    with pytest.raises(InputError, match=told):
        check_device(settings, torch.device("cpu"), "tiny")
    check_device(Settings(quantization="int8", compile=True), torch.device("cpu"), "tiny")


@pytest.mark.parametrize("how", ["sequential", "group"])
def test_parts_of_a_language_model_are_off_loaded_in_one_way(how: str) -> None:
    torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
    with pytest.raises(InputError, match=f"offload '{how}' is for pictures and films; take 'model'"):
        loading.arguments(Settings(offload=how), torch.device("cuda"))
    assert loading.arguments(Settings(offload="model"), torch.device("cuda"))["device_map"] == "auto"


def test_number_formats_are_those_of_the_device() -> None:
    torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
    assert pick_dtype("auto", torch.device("cpu")) is torch.float32
    assert pick_dtype("bfloat16", pick_device()) is torch.bfloat16
    with pytest.raises(InputError, match="float8"):
        pick_dtype("float8", torch.device("cpu"))


def test_weights_of_four_bits_are_computed_in_the_number_format_of_the_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
    pytest.importorskip("diffusers", reason="comes with the extra 'diffusers'")
    info = tmp_path / "bitsandbytes-0.48.0.dist-info"  # its version is asked for; nothing is computed here
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bitsandbytes\nVersion: 0.48.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    four = Settings(quantization="nf4", dtype="bfloat16")
    language = loading.arguments(four, torch.device("cuda"))["quantization_config"]
    assert language.bnb_4bit_compute_dtype is torch.bfloat16
    dtypes = {"default": torch.float16, "transformer_2": torch.bfloat16}
    index = {"transformer": [], "transformer_2": [], "vae": []}
    parts = diffusion_parts._quantized(four, index, dtypes)["quantization_config"].quant_mapping
    formats = {name: how.bnb_4bit_compute_dtype for name, how in parts.items()}
    assert formats == {"transformer": torch.float16, "transformer_2": torch.bfloat16}


def test_memory_is_counted_and_its_end_is_told() -> None:
    torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
    cpu = torch.device("cpu")
    with watched(cpu, "a block"):
        block = torch.ones(64 * 2**20, dtype=torch.uint8)
        full = peak_mb(cpu)
        del block
    with watched(cpu, "nothing"):
        assert peak_mb(cpu) < full - 32
    with pytest.raises(OutOfMemory, match="a large picture does not fit"), watched(cpu, "a large picture"):
        raise torch.OutOfMemoryError("tried to allocate 1 TiB")
    with pytest.raises(OutOfMemory, match="does not fit into the memory of cpu"), watched(cpu, "what no machine holds"):
        torch.empty(2**50, dtype=torch.uint8)


@pytest.mark.parametrize(
    "words",
    ["CUDA error: out of memory", "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"],
)
def test_errors_of_the_device_that_mean_memory_are_told_so(words: str) -> None:
    torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
    for kind in (RuntimeError, torch.AcceleratorError):
        with pytest.raises(OutOfMemory, match="a picture does not fit"), watched(torch.device("cpu"), "a picture"):
            raise kind(words)
        assert not is_broken(kind(words))


@pytest.mark.parametrize("kind", ["RuntimeError", "NotImplementedError", "RecursionError", "AcceleratorError"])
def test_other_errors_stay_what_they_are(kind: str) -> None:
    torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
    fault = getattr(torch, kind, None) or getattr(builtins, kind)
    with pytest.raises(fault, match="another fault") as told, watched(torch.device("cpu"), "nothing"):
        raise fault("another fault")
    assert told.type is fault
    assert is_broken(told.value) == (kind == "AcceleratorError")


def test_a_worker_that_has_lost_its_accelerator_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
    said, ends = io.BytesIO(), list[int]()

    def end(code: int) -> None:
        ends.append(code)
        raise SystemExit

    monkeypatch.setattr("os._exit", end)
    monkeypatch.setattr("murakkab_runtimes.tools.calculator.Calculator.run", _raise(torch.AcceleratorError("assert")))
    child = Child("w", said)
    child.requests.put(Run("r/sum/-#1", str(tmp_path), load_catalog()["calculator"], {}, 1, {}, 0))
    with pytest.raises(SystemExit):
        child.work()
    assert ends == [1]
    assert b"TaskFailed" not in said.getvalue()


def _raise(fault: Exception) -> Callable[..., None]:
    def run(*_: object) -> None:
        raise fault

    return run
