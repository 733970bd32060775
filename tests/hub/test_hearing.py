"""Speech recognition by transformers: a tiny Whisper that was taught here to tell high tones from low ones."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Cancelled, InputError, Output, Runtime, Task, runtime_class
from murakkab_runtimes.speech.audio import write_wav
from tests.hub.conftest import hub_card

torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
transformers = pytest.importorskip("transformers", reason="comes with the extra 'torch'")

REPO = "tests/tiny-whisper"
CARD = hub_card("transformers-hearing", "automatic-speech-recognition", REPO)
RATE, WINDOW_S, WORD_S = 16000, 2, 0.8
TONES = {"Low.": 300, "High.": 2500}
SPECIAL = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>", "<|transcribe|>"]
SPECIAL += ["<|nospeech|>", "<|notimestamps|>"]
TIMES = [f"<|{step / 50:.2f}|>" for step in range(WINDOW_S * 50 + 1)]
TOKENS = {name: at for at, name in enumerate([*TONES, *SPECIAL, *TIMES])}


def sound(words: list[str], seconds: float = 0.0) -> NDArray[np.float32]:
    """Tones of 0.8 s one after the other, then silence up to so many seconds."""
    moments = np.arange(round(WORD_S * RATE)) / RATE
    parts = [0.3 * np.sin(2 * np.pi * TONES[word] * moments) for word in words]
    whole = np.concatenate([*parts, np.zeros(round(seconds * RATE))]).astype(np.float32)
    return whole[: round(seconds * RATE)] if seconds else whole


def lessons() -> list[tuple[NDArray[np.float32], list[str]]]:
    """Windows and what is to be written of them; a word that the window's edge cuts is only begun."""
    found = [(sound([], WINDOW_S), ["<|nospeech|>"])]
    for count in (1, 2, 3):
        for words in itertools.product(TONES, repeat=count):
            said = ["<|en|>", "<|transcribe|>"]
            for at, word in enumerate(words[:2]):
                said += [f"<|{at * WORD_S:.2f}|>", word, f"<|{(at + 1) * WORD_S:.2f}|>"]
            said += said[-1:] if count == 3 else []
            found.append((sound(list(words), WINDOW_S), said))
    return found


def make_tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel(TOKENS, unk_token="<|endoftext|>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(SPECIAL)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>")


def make_model() -> Any:
    end, start = TOKENS["<|endoftext|>"], TOKENS["<|startoftranscript|>"]
    config = transformers.WhisperConfig(
        vocab_size=len(TOKENS), num_mel_bins=16, d_model=32, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64,
        max_source_positions=WINDOW_S * 50, max_target_positions=24, decoder_start_token_id=start,
        eos_token_id=end, bos_token_id=end, pad_token_id=end, suppress_tokens=[], begin_suppress_tokens=[],
    )  # fmt: skip
    torch.manual_seed(0)
    model = transformers.WhisperForConditionalGeneration(config)
    model.generation_config = transformers.GenerationConfig(
        decoder_start_token_id=start, eos_token_id=end, bos_token_id=end, pad_token_id=end, max_length=20,
        no_timestamps_token_id=TOKENS["<|notimestamps|>"], max_initial_timestamp_index=50, is_multilingual=True,
        lang_to_id={name: TOKENS[name] for name in ("<|en|>", "<|de|>")},
        task_to_id={name: TOKENS[f"<|{name}|>"] for name in ("translate", "transcribe")},
    )  # fmt: skip
    return model


def teach(model: Any, extractor: Any) -> None:
    sounds, texts = zip(*lessons(), strict=True)
    features = extractor(list(sounds), sampling_rate=RATE, return_tensors="pt").input_features
    ids = [torch.tensor([TOKENS[name] for name in [*text, "<|endoftext|>"]]) for text in texts]
    labels = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=-100)
    rule = torch.optim.Adam(model.parameters(), lr=1e-2)
    model.train()
    for _ in range(90):
        rule.zero_grad()
        loss = model(input_features=features, labels=labels).loss
        loss.backward()
        rule.step()
    assert loss.item() < 0.05


@pytest.fixture(scope="module", autouse=True)
def taught(models: Path) -> None:
    torch.set_num_threads(1)
    extractor = transformers.WhisperFeatureExtractor(feature_size=16, chunk_length=WINDOW_S)
    model = make_model()
    teach(model, extractor)
    for part in (model, extractor, make_tokenizer()):
        part.save_pretrained(models / REPO)


def load(card: ModelCard = CARD) -> Runtime:
    return runtime_class("transformers-hearing")(card, 1)


@pytest.fixture(scope="module")
def hearing(taught: None, models: Path) -> Runtime:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MURAKKAB_MODELS", str(models))
        return load()


WORDS = ["Low.", "High.", "High.", "Low.", "High.", "Low.", "Low."]


def hear(hearing: Runtime, folder: Path, samples: NDArray[np.float32], **more: Any) -> Output:
    write_wav(folder / "sound.wav", samples, RATE)
    arguments = {"audio": folder / "sound.wav", "form": more.pop("form", "")}
    found = hearing.run(Task(arguments, folder, **more))
    assert isinstance(found, Output)
    return found


def test_long_sound_is_heard_window_by_window_and_no_word_is_cut(hearing: Runtime, tmp_path: Path) -> None:
    found = hear(hearing, tmp_path, sound(WORDS))
    assert found.value["text"] == " ".join(WORDS)
    assert [s["text"] for s in found.value["segments"]] == WORDS
    for at, segment in enumerate(found.value["segments"]):
        assert segment["start"] == pytest.approx(at * WORD_S, abs=0.05)
        assert segment["end"] == pytest.approx((at + 1) * WORD_S, abs=0.05)
    assert found.meta["words"] == len(WORDS)
    assert int(found.meta["peak_mb"]) > 0


def test_sentences_are_told_while_the_rest_is_listened_to(hearing: Runtime, tmp_path: Path) -> None:
    happened: list[Any] = []
    found = hear(
        hearing,
        tmp_path,
        sound(WORDS),
        form="sentences",
        on_item=lambda value, meta: happened.append(value),
        on_progress=happened.append,
    )
    told = [one for one in happened if isinstance(one, dict)]
    assert told == found.value["segments"]
    assert [one["text"] for one in told] == WORDS
    assert [one["until"] for one in told[:-1]] == [one["start"] for one in told[1:]]
    shares = [one for one in happened if isinstance(one, float)]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert isinstance(happened[-1], dict)
    two_windows = sorted(set(shares))[2]
    assert happened.index(told[0]) < happened.index(two_windows)


@pytest.mark.parametrize("beams", [1, 2])
def test_a_cancelled_task_ends_between_two_tokens(hearing: Runtime, tmp_path: Path, beams: int) -> None:
    shares: list[float] = []

    def stop(share: float) -> None:
        shares.append(share)
        if len(shares) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        hear(hearing, tmp_path, sound(WORDS), knobs={"beam_size": beams}, on_progress=stop)
    assert shares == [0.0] * 3
    assert hear(hearing, tmp_path, sound(WORDS[:1])).value["text"] == WORDS[0]


def test_silence_is_no_speech_and_what_is_behind_it_is_heard(hearing: Runtime, tmp_path: Path) -> None:
    assert hear(hearing, tmp_path, sound([], 4)).value == {"text": "", "segments": []}
    found = hear(hearing, tmp_path, np.concatenate([sound([], WINDOW_S), sound(["High."])])).value
    assert [s["text"] for s in found["segments"]] == ["High."]
    assert found["segments"][0]["start"] == pytest.approx(WINDOW_S, abs=0.05)


def test_what_is_no_sound_is_refused(hearing: Runtime, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_text("this is no sound")
    with pytest.raises(InputError, match=r"broken\.wav cannot be read as sound"):
        hearing.run(Task({"audio": tmp_path / "broken.wav"}, tmp_path))
    with pytest.raises(InputError, match="no audio file"):
        hearing.run(Task({"audio": tmp_path / "none.wav"}, tmp_path))


@pytest.mark.parametrize(
    ("knobs", "loaded"),
    [
        ({}, ("float32", "sdpa", "Parameter")),
        ({"dtype": "bfloat16"}, ("bfloat16", "sdpa", "Parameter")),
        ({"attention": "eager"}, ("float32", "eager", "Parameter")),
        ({"quantization": "int8"}, ("float32", "sdpa", "Int8Tensor")),
    ],
)
def test_settings_leave_the_words_as_they_are(knobs: dict[str, Any], loaded: tuple[str, ...], tmp_path: Path) -> None:
    if "quantization" in knobs:
        pytest.importorskip("torchao", reason="comes with the extra 'gpu'")
    model = load(msgspec.structs.replace(CARD, knobs=knobs))
    inner = model._model  # type: ignore[attr-defined]
    weight = inner.model.decoder.layers[0].fc1.weight
    assert (str(weight.dtype)[6:], inner.config._attn_implementation, type(weight).__name__) == loaded
    assert hear(model, tmp_path, sound(["High.", "Low."])).value["text"] == "High. Low."


def test_beams_hear_the_same(hearing: Runtime, tmp_path: Path) -> None:
    assert hear(hearing, tmp_path, sound(WORDS[:3]), knobs={"beam_size": 2}).value["text"] == " ".join(WORDS[:3])
