"""Adapter ``flite``: the voices of the program Flite (CMU), called as a subprocess."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import RuntimeFault
from murakkab_runtimes.speech import audio
from murakkab_runtimes.speech.needs import require
from murakkab_runtimes.speech.runtime import SpeechRuntime
from murakkab_runtimes.speech.sentence import Sentence, pause_after
from murakkab_runtimes.speech.timing import Span, Take, settle_pauses, word_spans

_CMU = (
    "aa:ɑ ae:æ ah:ʌ ao:ɔ aw:aʊ ax:ə ay:aɪ ch:tʃ dh:ð eh:ɛ er:ɚ ey:eɪ g:ɡ hh:h ih:ɪ iy:i jh:dʒ ng:ŋ ow:oʊ oy:ɔɪ "
    "r:ɹ sh:ʃ th:θ uh:ʊ uw:u y:j zh:ʒ pau:"
)
PHONES = dict(pair.split(":") for pair in _CMU.split())
"""IPA of the phones that are written otherwise; ``pau`` is silence."""

LIST_VOICE = "kal"
"""The fastest voice, used where only the names of words or phones are asked for."""

LONGEST = 300
TIMEOUT_S = 120
_PIECE = re.compile(rf".{{1,{LONGEST}}}?(?:[.!?]+[\"')]*(?=\s)|$)|.{{1,{LONGEST}}}(?:[,;:]?(?=\s)|$)|.{{1,{LONGEST}}}")


class Flite(SpeechRuntime):
    """Needs nothing but the program; 8 or 16 kHz. ``noise`` has no effect, equal input gives equal sound."""

    def __init__(self, card: ModelCard, threads: int) -> None:
        require(card)
        super().__init__(card, threads)

    def sentences(self, text: str) -> list[Sentence]:
        """Sentences of at most ``LONGEST`` characters that hold a letter or a digit."""
        from anyascii import anyascii

        pieces = (match.group().strip() for line in text.splitlines() for match in _PIECE.finditer(anyascii(line)))
        return [Sentence(p, (), pause_after(p)) for p in pieces if any(c.isalnum() for c in p)]

    def speak(self, sentence: Sentence, voice: str, speed: float, noise: np.random.Generator) -> Take:
        """Speak with the program's voice of that name."""
        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder) / "speech.wav"
            ends = flite(sentence.text, voice, "-psdur", "--setf", f"duration_stretch={1 / speed:.4f}", out=wav)
            samples, rate = audio.read_wav(wav)
        words = flite(sentence.text, LIST_VOICE, "-pw")
        spans = _spans(ends, len(samples) / rate)
        owners = iter(_owners([s.text for s in spans if s.text], _spelt(words)))
        owned = [Span(s.text, s.start, s.end, next(owners) if s.text else None) for s in spans]
        phonemes = settle_pauses(owned, samples, rate)
        return Take(samples, rate, phonemes, tuple(word_spans(phonemes, words)))


def flite(text: str, voice: str, *options: str, out: Path | None = None) -> list[str]:
    """Run the program on ``text`` and return the words that it printed; RuntimeFault when it fails."""
    command = ["flite", "-voice", voice, *options, "-t", f" {text}", "-o", str(out or "none")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise RuntimeFault(f"flite did not run: {fault}") from fault
    if done.returncode or (out and not out.exists()):
        raise RuntimeFault(f"flite failed with status {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout.split()


def _ipa(phone: str) -> str:
    return PHONES.get(phone, phone)


def _spans(ends: Sequence[str], length: float) -> list[Span]:
    """Phonemes of ``phone:end`` pairs; the last one reaches ``length``."""
    spans, clock = list[Span](), 0.0
    for index, pair in enumerate(ends):
        phone, _, stamp = pair.partition(":")
        end = length if index == len(ends) - 1 else min(float(stamp), length)
        spans.append(Span(_ipa(phone), clock, end))
        clock = end
    return spans


def _spelt(words: Sequence[str]) -> list[tuple[str, int]]:
    """Phones of the words said one by one, each with the index of its word."""
    spelt: list[tuple[str, int]] = []
    index, sounding = -1, False
    for phone in flite(". ".join(words) + ".", LIST_VOICE, "-ps"):
        if phone == "pau":
            sounding = False
            continue
        index, sounding = (index, True) if sounding else (index + 1, True)
        spelt.append((_ipa(phone), min(index, len(words) - 1)))
    return spelt


def _owners(phones: Sequence[str], spelt: Sequence[tuple[str, int]]) -> list[int]:
    """Index of the word of each phone of a sentence, by likeness to the words said one by one."""
    owners: list[int] = []
    matcher = SequenceMatcher(None, [phone for phone, _ in spelt], phones, autojunk=False)
    for _, a0, a1, b0, b1 in matcher.get_opcodes():
        for at in range(b0, b1):
            like = a0 + (at - b0) * (a1 - a0) // (b1 - b0) if a1 > a0 else a0 - 1
            owners.append(spelt[max(0, min(like, len(spelt) - 1))][1])
    return owners
