"""Plain words to capabilities: ``task: narrate the script in two voices``.

BM25 over names, descriptions and examples of capabilities and their forms (Robertson and Zaragoza, "The Probabilistic
Relevance Framework: BM25 and Beyond", 2009; with Lucene's idf, which is never negative). The formula is written out
because the library for it takes a third of a second to import, longer than all else that ``check`` does.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise

from murakkab_optimizer.catalog import Capability
from murakkab_runtimes.text.words import stem, tokens, word_set

K1, B = 1.2, 0.75
LEAST = 0.3
"""Score below which a match is no match."""

CLOSE = 0.75
"""Share of the best score from which on another match makes the words ambiguous."""

SURE = 0.6
"""Score from which on a match counts although it takes other arguments than those given."""

SHOWN = 5
"""Candidates that an error lists."""

EMPTY = word_set(
    """
    a an the of to in on at by for from with into onto as and or but so that this these those it its them they their
    there then than i me my we us our you your he she his her is are was were be been am do does did please can could
    should would will shall may must not no if just also very some any each every all both one out up
    """
)
"""Words that say nothing about what is to be done."""

NEVER = frozenset({"function"})
"""Capabilities that words alone cannot ask for."""


@dataclass(frozen=True)
class Match:
    """A capability that plain words may mean.

    Attributes:
        capability: its name.
        form: of the capability; empty for the capability as it stands.
        score: from 0 to 1: the share that it has of what the words could score at best, if one capability were the
            best there is for every single word.

    """

    capability: str
    form: str
    score: float

    def __str__(self) -> str:
        return f"{self.capability}{f' (form: {self.form})' if self.form else ''} {self.score:.2f}"


class MatchError(ValueError):
    """The words mean no capability, or more than one.

    Attributes:
        message: what is wrong.
        hint: what to write instead.
        candidates: the nearest capabilities, best first, ``SHOWN`` at most; none where no word is known.

    """

    def __init__(self, message: str, hint: str, candidates: tuple[Match, ...]) -> None:
        self.message, self.hint, self.candidates = message, hint, candidates
        super().__init__(f"{message}; {hint}")


def match_task(words: str, capabilities: Mapping[str, Capability]) -> list[Match]:
    """The capabilities and forms that share a word with ``words``, best first; equal scores in order of names."""
    scores = _index(tuple(capabilities.values())).scores(terms(words))
    found = [Match(name, form, round(score, 3)) for (name, form), score in scores.items() if score > 0]
    return sorted(found, key=lambda match: (-match.score, match.capability, match.form))


def choose(words: str, capabilities: Mapping[str, Capability], given: Iterable[str] | None = None) -> Match:
    """The capability that is meant.

    Args:
        words: what is to be done.
        capabilities: by name.
        given: names of the arguments that the step has, if they are known. Capabilities that can do with just these go
            before all others, and another one has to score ``SURE`` (a name may be misspelt).

    Raises:
        MatchError: nothing scores ``LEAST``, or another one scores ``CLOSE`` times the best or more; between a
            capability and its own forms, it is the capability as it stands.
    """
    found = match_task(words, capabilities)
    near = tuple(found[:SHOWN])
    pool = _able(found, capabilities, given)
    if not pool:
        raise _nothing(near, capabilities)
    close = [match for match in pool if match.score >= CLOSE * pool[0].score]
    if len({match.capability for match in close}) == 1:
        close = [match for match in close if not match.form] or close
    if len(close) > 1:
        raise MatchError("these words may mean several things", f"write capability: with one of {_listed(close)}", near)
    return close[0]


def _able(found: list[Match], capabilities: Mapping[str, Capability], given: Iterable[str] | None) -> list[Match]:
    """The matches to choose from: those that take what is given, or else all if the best is sure."""
    if given is not None:
        names = {*given}
        fitting = [match for match in found if _takes(capabilities[match.capability], match.form, names)]
        if fitting and fitting[0].score >= LEAST:
            return fitting
    least = LEAST if given is None else SURE
    return found if found and found[0].score >= least else []


def _takes(capability: Capability, form: str, given: set[str]) -> bool:
    """Whether a capability takes all arguments that are given, and needs no others."""
    takes = capability.forms[form].takes if form else capability.takes
    takes = capability.takes if takes is None else takes
    if takes is None:
        return True
    known = {name.removesuffix("?") for name in takes}
    return given - {"form"} <= known and {name for name in takes if not name.endswith("?")} <= given


def _nothing(near: tuple[Match, ...], capabilities: Iterable[str]) -> MatchError:
    if not near:
        known = ", ".join(sorted({*capabilities} - NEVER))
        hint = f"use other words, or write capability: with one of {known}"
        return MatchError("no capability matches these words", hint, near)
    best = near[0].score
    why = f"{best:.2f}; {LEAST:.2f} is needed" if best < LEAST else "those that do take other arguments"
    hint = f"use other words, or write capability: with one of {_listed(near)}"
    return MatchError(f"no capability matches these words well enough ({why})", hint, near)


def _listed(matches: Iterable[Match]) -> str:
    return ", ".join(map(str, matches))


def terms(text: str) -> list[str]:
    """Stems of the words that say something, and pairs of neighbours: "speech to text" is not "text to speech"."""
    said = [stem(re.sub("iz(?=[aei])", "is", word)) for word in tokens(text) if word not in EMPTY]
    return said + [f"{one} {other}" for one, other in pairwise(said)]


def _texts(capability: Capability) -> Iterator[tuple[str, list[str]]]:
    """What is said of a capability and of each of its forms; nothing for what words cannot ask for."""
    if capability.name in NEVER:
        return
    yield "", [capability.name, capability.description, *capability.examples]
    for name, form in capability.forms.items():
        if form.description or form.examples:
            yield name, [name, form.description, *form.examples]


Key = tuple[str, str]


class _Index:
    """The statistics of a few short texts."""

    def __init__(self, texts: Mapping[Key, list[str]]) -> None:
        self.counts = {key: Counter(found) for key, found in texts.items()}
        self.lengths = {key: len(found) for key, found in texts.items()}
        self.mean = sum(self.lengths.values()) / max(1, len(texts))
        self.holding = Counter(term for counts in self.counts.values() for term in counts)

    def idf(self, term: str) -> float:
        """How rare a term is."""
        held = self.holding[term]
        return math.log(1 + (len(self.counts) - held + 0.5) / (held + 0.5))

    def weight(self, term: str, key: Key) -> float:
        """What a term adds to the score of a text."""
        count = self.counts[key][term]
        return self.idf(term) * count / (count + K1 * (1 - B + B * self.lengths[key] / self.mean))

    def scores(self, query: Iterable[str]) -> dict[Key, float]:
        """Of each text, the share of the best score that its parts could have."""
        wanted = sorted(set(query))
        best = sum(self.best(term) for term in wanted)
        return {key: sum(self.weight(term, key) for term in wanted) / best for key in self.counts} if best else {}

    def best(self, term: str) -> float:
        """The most that a term adds to any text; for a word that none has, what one mention of it would."""
        if term in self.holding:
            return max(self.weight(term, key) for key in self.counts)
        return 0.0 if " " in term else self.idf(term) / (1 + K1)


@lru_cache(4)
def _index(capabilities: tuple[Capability, ...]) -> _Index:
    return _Index({(c.name, form): list(chain(*map(terms, said))) for c in capabilities for form, said in _texts(c)})
