"""Adapter ``transformers-hearing``: speech recognition by any Whisper of Hugging Face transformers.

Long sound is heard window by window (Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision",
2022, sections 3.8 and 4.5): the next window begins where the last whole segment ended, an answer that repeats itself or
is unlikely is tried again at higher temperatures, and a window without speech is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Meta, Task
from murakkab_runtimes.hub.device import limit_threads, pick_device
from murakkab_runtimes.hub.loading import arguments, library, placed
from murakkab_runtimes.hub.memory import Meter
from murakkab_runtimes.hub.settings import LOADED_WITH, check_device, read_settings
from murakkab_runtimes.hub.weights import weights_folder
from murakkab_runtimes.speech.audio import Samples
from murakkab_runtimes.speech.recognition import Recognizer, Segment, share, unreadable
from murakkab_runtimes.speech.timing import Span

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
REPETITIVE, UNLIKELY, NO_SPEECH = 1.35, -1.0, 0.6
"""Compression ratio and mean log-probability of an answer that is tried again; probability that nobody speaks. Of the
paper, section 4.5, but for the first: transformers compresses tokens, not text, and gives 1.35 for it."""
LEAST_S = 0.1
"""A rest that is shorter holds no word."""


class Hearing(Recognizer):
    """A Whisper from a local folder.

    Option of the card: ``language`` (a code such as ``en``; absent: that of the first window with speech, as the model
    detects it). Knobs: ``beam_size`` and those of ``hub.settings``. Words of the form ``sentences`` share the time of
    their segment by their letters.

    Raises:
        Unavailable: a package or the weights are missing.
        InputError: a knob has a value that it cannot have.
        OutOfMemory: the model does not fit into the device.
    """

    loaded_with = LOADED_WITH

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        limit_threads(threads)
        self._device = pick_device()
        settings = read_settings(card.knobs)
        check_device(settings, self._device, card.name)
        found, folder = library(), weights_folder(card)
        self.meter: Meter = Meter(self._device)
        with self.meter.loading(card.name):
            self._features = found.AutoFeatureExtractor.from_pretrained(folder)
            self._tokenizer = found.AutoTokenizer.from_pretrained(folder)
            made = found.WhisperForConditionalGeneration.from_pretrained(folder, **arguments(settings, self._device))
            self._model = placed(made, settings, self._device)
        self._tokens = self._model.generation_config

    def facts(self) -> Meta:
        """MiB of the device that were taken at most."""
        return self.meter.told()

    def listen(self, task: Task, path: Path, beams: int, words: bool) -> tuple[Iterator[Segment], float]:
        """Segments window by window; a cancelled task ends between two tokens."""
        samples = read_samples(path, self._features.sampling_rate)
        return self._windows(task, samples, beams), len(samples) / self._features.sampling_rate

    def _windows(self, task: Task, samples: Samples, beams: int) -> Iterator[Segment]:
        rate, length = self._features.sampling_rate, float(self._features.chunk_length)
        seconds, begin = len(samples) / rate, 0.0
        language = self.card.options.get("language")
        while seconds - begin > LEAST_S:
            window = samples[round(begin * rate) : round((begin + length) * rate)]
            alive = partial(task.progress, share(begin, seconds))
            segments, language, heard_s = self._window(window, language, beams, alive)
            for start, end, text in segments:
                whole = Segment(begin + start, min(begin + end, seconds), text)
                yield Segment(whole.start, whole.end, text, tuple(timed(whole)))
            begin += heard_s
            task.progress(share(begin, seconds))

    def _window(
        self, window: Samples, language: str | None, beams: int, alive: Callable[[], object] = bool
    ) -> tuple[list[tuple[float, float, str]], str | None, float]:
        """Start, end (seconds in the window) and text of its segments; the language; and the seconds that are done.

        ``alive`` is called with each token; what it raises ends it.
        """
        import torch

        length = float(self._features.chunk_length)
        asked = self._features(window, sampling_rate=self._features.sampling_rate, return_tensors="pt")
        features = asked.input_features.to(self._device, self._model.dtype)
        torch.manual_seed(0)
        with self.meter.working(self.card.name), torch.inference_mode():
            silence, spoken = self._first(features)
            heard = self._segments_of(features, language or spoken, beams, alive)
        if silence > NO_SPEECH and _likelihood(heard[0]["result"]) < UNLIKELY:
            return [], language, length
        found = [(float(s["start"]), float(s["end"]), self._text(s["tokens"])) for s in heard]
        return [one for one in found if one[2] and one[1] > one[0]], language or spoken, self._done(heard[-1], length)

    def _first(self, features: Any) -> tuple[float, str | None]:  # noqa: ANN401 - a tensor
        """How probable it is that nobody speaks, and the language; None where the model knows one only."""
        import torch

        start = torch.tensor([[self._tokens.decoder_start_token_id]], device=self._device)
        logits = self._model(input_features=features, decoder_input_ids=start).logits[0, -1].float()
        silence = float(logits.softmax(-1)[self._tokens.no_timestamps_token_id - 1])
        if not getattr(self._tokens, "is_multilingual", False):
            return silence, None
        languages = self._tokens.lang_to_id
        return silence, max(languages, key=lambda name: float(logits[languages[name]])).strip("<|>")

    def _segments_of(
        self,
        features: Any,  # noqa: ANN401 - a tensor
        language: str | None,
        beams: int,
        alive: Callable[[], object],
    ) -> list[dict[str, Any]]:
        spoken = {"language": language, "task": "transcribe"} if language else {}
        found = self._model.generate(
            input_features=features,
            return_timestamps=True,
            return_segments=True,
            force_unique_generate_call=True,
            temperature=TEMPERATURES,
            compression_ratio_threshold=REPETITIVE,
            logprob_threshold=UNLIKELY,
            num_beams=beams,
            stopping_criteria=[_beat(alive)],
            **spoken,
        )
        return list(found["segments"][0])

    def _text(self, tokens: Any) -> str:  # noqa: ANN401 - a tensor
        words = [token for token in tokens.tolist() if token <= self._tokens.no_timestamps_token_id]
        return str(self._tokenizer.decode(words, skip_special_tokens=True)).strip()

    def _done(self, last: dict[str, Any], length: float) -> float:
        """Behind two times in a row the model began a segment that the window's edge cuts: it is heard again."""
        times = [token > self._tokens.no_timestamps_token_id for token in last["tokens"].tolist()[-2:]]
        return float(last["end"]) if times == [True, True] and last["end"] > LEAST_S else length

    def warm(self) -> None:
        """Listen to a second of silence."""
        self._window(np.zeros(self._features.sampling_rate, np.float32), self.card.options.get("language"), 1)


def _beat(alive: Callable[[], object]) -> Callable[..., bool]:
    """A stopping criterion of transformers: it is asked with each token, in every try, and stops none by itself."""

    def stops(*_: Any, **_more: Any) -> bool:  # noqa: ANN401 - tensors
        alive()
        return False

    return stops


def _likelihood(result: dict[str, Any]) -> float:
    """Mean log-probability of the tokens of an answer."""
    if "sequences_scores" in result:
        return float(result["sequences_scores"])
    scores = result["scores"]
    tokens = result["sequences"][-len(scores) :]
    likely = [float(one.float().log_softmax(-1)[token]) for one, token in zip(scores, tokens, strict=True)]
    return sum(likely) / max(len(likely), 1)


def timed(segment: Segment) -> Iterator[Span]:
    """The words of a segment, each with a share of its time by its letters."""
    words = segment.text.split()
    letters = sum(map(len, words))
    at = segment.start
    for word in words:
        end = at + (segment.end - segment.start) * len(word) / letters
        yield Span(word, at, end)
        at = end


def read_samples(path: Path, rate: int) -> Samples:
    """The sound of any file that FFmpeg reads: mono, at that many samples a second.

    Raises:
        InputError: there is no sound in it.
    """
    import av
    from av.error import FFmpegError

    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    try:
        with av.open(str(path)) as file:
            frames = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
            parts = [part.to_ndarray().reshape(-1) for part in [*frames, *resampler.resample(None)]]
    except (FFmpegError, ValueError, IndexError) as fault:
        raise unreadable(path, fault) from fault
    return np.concatenate(parts or [np.zeros(0, np.float32)])
