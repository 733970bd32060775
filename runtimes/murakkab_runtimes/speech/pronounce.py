"""English pronunciation: sentences, the words as they are spoken, and the phonemes of each.

The dictionaries and rules are those of the package ``hibari-tts`` (an Apache-2.0 port of misaki, the pronunciation
that the Kokoro voices were trained with). Phonemes are misaki's: IPA with one letter for each diphthong.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import msgspec
from hibari.g2p import ASSETS, G2P, Lexicon, Tagger, Tokenizer  # type: ignore[import-untyped]
from hibari.g2p.normalize import normalize  # type: ignore[import-untyped]
from hibari.tts import Hibari  # type: ignore[import-untyped]

from murakkab_runtimes.speech.sentence import CLAUSE_END, Sentence, SpokenWord, pause_after
from murakkab_runtimes.speech.timing import PAUSE

LONGEST = 240
"""Phonemes that a voice is given at once; a longer sentence is split, at a clause where there is one."""


def split_sentences(text: str) -> list[str]:
    """Sentences and lines; a full stop after a title or an initial ends none."""
    return list(Hibari.split_sentences(text))


class _QuickG2P(G2P):  # type: ignore[misc]
    """The package's pronunciation with its dictionaries read about four times as fast."""

    def __init__(self) -> None:
        self.lexicon = Lexicon(_asset("lexicon_us_gold.json.gz"), _asset("lexicon_us_silver.json.gz"), False)
        self.tokenizer = Tokenizer(_asset("tokenizer_exceptions.json"))
        self.tagger = Tagger(_asset("tagger.json.gz"))
        self.unk, self.british = "", False
        self._oov = None


def _asset(name: str) -> object:
    data = (Path(ASSETS) / name).read_bytes()
    return msgspec.json.decode(gzip.decompress(data) if name.endswith(".gz") else data)


class Pronouncer:
    """Loads the American dictionaries (about 0.2 s); the network for unknown words loads when one is met."""

    def __init__(self) -> None:
        self._g2p = _QuickG2P()

    def __call__(self, text: str) -> list[Sentence]:
        """Sentences of ``text`` that have a sound."""
        parts = (part for line in split_sentences(text) for part in _split(self._words(line)))
        return [Sentence(_text(words), tuple(words), pause_after(_text(words))) for words in parts]

    def _words(self, line: str) -> list[SpokenWord]:
        tokens = self._g2p.phonemize_tokens(self._g2p.tokenize(normalize(line)))
        words: list[SpokenWord] = []
        text = phonemes = ""
        for token in tokens:
            text, phonemes = text + token.text, phonemes + (token.phonemes or "")
            if token.whitespace or token is tokens[-1]:
                words.append(SpokenWord(text, " ".join(phonemes.split())))
                text = phonemes = ""
        return [word for word in words if word.phonemes]


def _text(words: list[SpokenWord]) -> str:
    return " ".join(word.text for word in words)


def _has_sound(words: list[SpokenWord]) -> bool:
    return any(c not in PAUSE for word in words for c in word.phonemes)


def _split(words: list[SpokenWord]) -> Iterator[list[SpokenWord]]:
    """Pieces of at most ``LONGEST`` phonemes, cut behind the last clause that fits, else between words."""
    while sum(len(w.phonemes) + 1 for w in words) > LONGEST and len(words) > 1:
        at = _cut_at(words)
        if _has_sound(words[:at]):
            yield words[:at]
        words = words[at:]
    if _has_sound(words):
        yield words


def _cut_at(words: list[SpokenWord]) -> int:
    """How many words the next piece takes (at least one)."""
    size, clause = 0, 0
    for index, word in enumerate(words):
        size += len(word.phonemes) + 1
        if size > LONGEST:
            return clause or max(1, index)
        if CLAUSE_END.search(word.phonemes) and size > LONGEST // 4:
            clause = index + 1
    return len(words)
