"""When each sound and each word is heard.

A model speaks a *take*: samples with the spans of its phonemes and spoken words. Spans of phonemes follow one another
without gaps from 0 to the end of the samples; a silence is a span whose text is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from murakkab_runtimes.speech import audio
from murakkab_runtimes.speech.audio import Samples

IPA = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "Q": "əʊ", "ᵊ": "ə", "T": "ɾ", "ʤ": "dʒ", "ʧ": "tʃ"}
"""International Phonetic Alphabet of the one-letter symbols that the pronunciation uses."""

STRESS, LENGTH = frozenset("ˈˌ"), frozenset("ːʰʲ\u0303")
PAUSE = frozenset(' ;:,.!?—…"()“”')


SHORTEST_S = 1e-4
"""What lasts no longer is no phoneme."""


@dataclass(frozen=True)
class Span:
    """A phoneme or a word from ``start`` to ``end`` seconds; ``word`` is the index of a phoneme's word."""

    text: str
    start: float
    end: float
    word: int | None = None

    def moved(self, by: float, scale: float = 1.0) -> Span:
        """The span scaled about 0 and then moved by ``by`` seconds."""
        return replace(self, start=self.start * scale + by, end=self.end * scale + by)


@dataclass(frozen=True)
class Unit:
    """One symbol that a model was given, the seconds it spent on it, and the index of its word (None in between)."""

    symbol: str
    seconds: float
    word: int | None = None


@dataclass(frozen=True)
class Take:
    """What a model spoke."""

    samples: Samples
    rate: int
    phonemes: tuple[Span, ...]
    words: tuple[Span, ...]

    @property
    def seconds(self) -> float:
        """Length of the samples."""
        return len(self.samples) / self.rate


def take_of_units(samples: Samples, rate: int, units: Iterable[Unit], words: Sequence[str], lead: float = 0.0) -> Take:
    """Turn the durations of a model's symbols into a take.

    A stress mark's time belongs to the phoneme after it, a length mark's to the one before. A space or punctuation
    mark becomes a silence where the samples are silent and else is shared by its neighbours.

    Args:
        samples: what the model spoke.
        rate: samples a second.
        units: symbols with durations, which together last as long as the samples.
        words: the spoken words that the units refer to.
        lead: seconds by which the sound runs ahead of the durations.
    """
    length = len(samples) / rate
    phonemes = [_clipped(span, lead, length) for span in _phonemes(units)]
    if phonemes:
        phonemes[0], phonemes[-1] = replace(phonemes[0], start=0.0), replace(phonemes[-1], end=length)
    settled = settle_pauses(phonemes, samples, rate)
    return Take(samples, rate, settled, tuple(word_spans(settled, words)))


def _phonemes(units: Iterable[Unit]) -> list[Span]:
    spans: list[Span] = []
    clock = start = 0.0
    for unit in units:
        clock += unit.seconds
        if unit.symbol in STRESS:
            continue
        if unit.symbol in LENGTH and spans:
            spans[-1] = replace(spans[-1], end=clock)
        else:
            pause = unit.symbol in PAUSE
            text = "" if pause else IPA.get(unit.symbol, unit.symbol)
            spans.append(Span(text, start, clock, None if pause else unit.word))
        start = clock
    return spans


def word_spans(phonemes: Iterable[Span], words: Sequence[str]) -> Iterable[Span]:
    """Each word from the start of its first phoneme to the end of its last."""
    edges: dict[int, tuple[float, float]] = {}
    for span in phonemes:
        if span.word is not None:
            edges[span.word] = edges.get(span.word, (span.start, 0.0))[0], span.end
    return (Span(words[index], *edges[index]) for index in sorted(edges))


def _clipped(span: Span, offset: float, length: float) -> Span:
    """The span moved back by ``offset``, inside 0 to ``length``."""
    start, end = (min(max(0.0, at - offset), length) for at in (span.start, span.end))
    return replace(span, start=start, end=end)


def settle_pauses(phonemes: Iterable[Span], samples: Samples, rate: int) -> tuple[Span, ...]:
    """Merge neighbouring silences, and share out those during which sound is heard."""
    return tuple(_share_sounding(_merged(phonemes), samples, rate))


def _merged(phonemes: Iterable[Span]) -> list[Span]:
    """The phonemes with neighbouring silences made one; one of no length leaves its time to the next."""
    merged: list[Span] = []
    clock = 0.0
    for span in phonemes:
        if not span.text and merged and not merged[-1].text:
            merged[-1] = replace(merged[-1], end=span.end)
        elif span.end - clock > SHORTEST_S:
            merged.append(replace(span, start=clock))
        else:
            continue
        clock = span.end
    return merged


def _share_sounding(spans: list[Span], samples: Samples, rate: int) -> list[Span]:
    """Give a silence that sounds, or lasts less than 20 ms, in halves to the phonemes beside it."""
    floor = audio.silence_level(audio.frame_rms(samples, rate))
    result: list[Span] = []
    for index, span in enumerate(spans):
        inner = 0 < index < len(spans) - 1
        if span.text or not inner or not _sounds(span, samples, rate, floor):
            result.append(replace(span, start=result[-1].end if result else span.start))
            continue
        middle = (span.start + span.end) / 2
        result[-1] = replace(result[-1], end=middle)
    return result


def _sounds(span: Span, samples: Samples, rate: int, floor: float) -> bool:
    part = samples[int(span.start * rate) : int(span.end * rate)]
    if span.end - span.start < 0.02:
        return True
    return bool(np.median(audio.frame_rms(part, rate)) > floor)


def cut(take: Take, keep_s: float) -> Take:
    """Leave just ``keep_s`` seconds before and behind the sound.

    The silence before may hold the closure of a first plosive; the one behind holds no phoneme.
    """
    first, last = audio.speech_bounds(take.samples, take.rate)
    if first == last:
        return take
    margin = int(keep_s * take.rate)
    start, stop = first - margin, last + margin
    beyond = max(0, -start), max(0, stop - len(take.samples))
    samples = audio.fade_edges(np.pad(take.samples[max(0, start) : stop], beyond), take.rate)
    offset, length = start / take.rate, (last - start) / take.rate
    words, phonemes = (list(_clip(spans, offset, length)) for spans in (take.words, take.phonemes))
    silences = Span("", 0.0, phonemes[0].start if phonemes else 0.0), Span("", length, len(samples) / take.rate)
    return Take(samples, take.rate, tuple(_merged([silences[0], *phonemes, silences[1]])), tuple(words))


def _clip(spans: Iterable[Span], offset: float, length: float) -> Iterable[Span]:
    return (span for span in (_clipped(s, offset, length) for s in spans) if span.end > span.start)


def join(takes: Sequence[Take], pauses: Sequence[float]) -> Take:
    """Takes one behind the other; ``pauses[i]`` seconds of silence follow take ``i``, none the last."""
    rate, clock = takes[0].rate, 0.0
    samples: list[Samples] = []
    phonemes: list[Span] = []
    words: list[Span] = []
    for index, take in enumerate(takes):
        samples.append(take.samples)
        phonemes += [span.moved(clock) for span in take.phonemes]
        words += [span.moved(clock) for span in take.words]
        clock += take.seconds
        if index < len(takes) - 1:
            rest = np.zeros(int(pauses[index] * rate), np.float32)
            samples.append(rest)
            phonemes.append(Span("", clock, clock + len(rest) / rate))
            clock += len(rest) / rate
    return Take(np.concatenate(samples), rate, tuple(_merged(phonemes)), tuple(words))


def pitched(take: Take, factor: float) -> Take:
    """Raise pitch and formants by ``factor``; the take becomes as much shorter."""
    if factor == 1.0:
        return take
    samples = audio.resample(take.samples, round(len(take.samples) / factor))
    scale = len(samples) / len(take.samples)
    phonemes = tuple(s.moved(0.0, scale) for s in take.phonemes)
    return Take(samples, take.rate, phonemes, tuple(s.moved(0.0, scale) for s in take.words))
