"""The form ``dialogue``: the turns of one section, each handed on as soon as it is finished."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

from murakkab_runtimes.base import InputError, Output, Task
from murakkab_runtimes.text import phrases
from murakkab_runtimes.text.answers import Answers, Line
from murakkab_runtimes.text.budget import Budget
from murakkab_runtimes.text.exchange import FOLLOW_UP, Exchange
from murakkab_runtimes.text.facets import BACK_TO_YOU, FOLLOW_UPS
from murakkab_runtimes.text.model import LanguageModel
from murakkab_runtimes.text.speech_time import seconds
from murakkab_runtimes.text.topic import is_question
from murakkab_runtimes.text.words import key_phrases, word_set

SENTENCE_S = 4.5
"""Expected length of one more sentence."""

MOST_SENTENCES = 2
"""Sentences of one answer; a document's answers may have one more."""

SHORTEST_EXCHANGE_S = 6.5
"""Time that must be left for another follow-up."""

REACTION_S = 1.8
"""Expected length of a reaction."""


def dialogue(task: Task, model: LanguageModel) -> Output:
    """Emit the turns of ``section``, spoken by the hosts of ``cast``; ``task.previous`` carries what was said.

    Returns:
        The state for the next section: ``{"seconds", "turns", "said", "connectors", "phrases", "last"}``;
        ``last`` is host and kind of the last turn.

    Raises:
        InputError: the cast has no host.
    """
    section = task.arguments["section"]
    hosts = task.arguments["cast"]["hosts"]
    if not hosts:
        raise InputError("the cast has no host; name 1 to 4 hosts in the hosts file")
    talk = Talk(task, model, section, hosts)
    if section["turns"] is not None:
        talk.perform(section["turns"])
    else:
        {"opening": talk.open, "question": talk.discuss, "closing": talk.close}[section["kind"]]()
    return Output(talk.state, {"seconds": talk.state["seconds"]})


class Talk:
    """One section being spoken: who asks, who answers, what was said and how much time is left."""

    def __init__(self, task: Task, model: LanguageModel, section: dict[str, Any], hosts: list[dict[str, Any]]) -> None:
        self.task, self.section, self.hosts = task, section, hosts
        before = task.previous or {}
        self.state: dict[str, Any] = {
            "seconds": before.get("seconds", 0.0),
            "turns": before.get("turns", 0),
            "said": list(before.get("said", [])),
            "connectors": list(before.get("connectors", []))[-6:],
            "phrases": list(before.get("phrases", [])),
            "last": list(before.get("last", [None, ""])),
        }
        self.mentioned: set[str] = set()
        self.title = section["title"]
        self.rng = random.Random(f"{task.seed}:{section['index']}:{section['topic']}")
        self.answers = Answers(model, section, self.state, self.rng)
        self.asker = section["index"] % len(hosts)
        self.answerer = (self.asker + 1) % len(hosts)
        self.spare: list[Exchange] = list(section["spare"])
        self.budget = Budget(float(section["duration"]))

    @property
    def alone(self) -> bool:
        """Whether there is one host only."""
        return len(self.hosts) == 1

    def say(
        self,
        host: int,
        kind: str,
        text: str,
        passage: dict[str, Any] | None = None,
        *,
        last: bool = False,
    ) -> None:
        """Hand one turn on; ``last`` says that the episode ends with it."""
        length = seconds(text)
        self.state["seconds"] = round(self.state["seconds"] + length, 2)
        self.state["turns"] += 1
        self.state["last"] = [host, kind]
        turn = {
            "speaker": self.hosts[host]["name"],
            "host": host,
            "voice": self.hosts[host]["voice"],
            "text": text,
            "section": self.section["index"],
            "kind": kind,
            "title": self.title,
            "episode": self.section["episode"],
            "mood": self.section["mood"],
            "passage": passage,
            "last": last,
        }
        self.task.emit(turn, seconds=length)

    def fresh(self, options: Sequence[str], **fill: str) -> str | None:
        """A wording that was not said yet, by seed; None when all were."""
        filled = [o.format(**fill) for o in options]
        left = [f for f in filled if f not in self.state["said"]]
        if not left:
            return None
        choice = self.rng.choice(left)
        self.state["said"].append(choice)
        return choice

    def perform(self, turns: list[dict[str, Any]]) -> None:
        """Say a finished script as it stands."""
        for number, turn in enumerate(turns, start=1):
            last = bool(self.section.get("ends")) and number == len(turns)
            self.say(turn["host"], self.section["kind"], turn["text"], last=last)

    def open(self) -> None:
        """Say hello at once, then who is here and how the script was made."""
        spoken = self.section["spoken"]
        if spoken == phrases.UNSPEAKABLE:
            hello: str | None = phrases.OPENING_UNSPEAKABLE
        else:
            hello = self.fresh(self._openings(), topic=spoken)
        self.say(0, "opening", str(hello))
        if not self.budget.brief:
            self.say(1 % len(self.hosts), "opening", f"{self._introduction()} {self._provenance()}")

    def _openings(self) -> tuple[str, ...]:
        if is_question(self.section["spoken"]):
            return phrases.OPENING_QUESTIONS
        return phrases.OPENINGS

    def _introduction(self) -> str:
        names = [h["name"] for h in self.hosts]
        me = names.pop(1 % len(names))
        others = " and ".join(names)
        return str(self.fresh(phrases.SECOND_ALONE if self.alone else phrases.SECOND_HOST, me=me, others=others))

    def _provenance(self) -> str:
        return str(self.fresh(phrases.GROUNDED if self.section["grounded"] else phrases.DISCLAIMERS))

    def close(self) -> None:
        """Say goodbye; a brief episode says here how its script was made."""
        first, second = self.asker, self.answerer
        if self.state["last"][0] == first:
            first, second = second, first
        if self.budget.brief:
            options = phrases.SHORT_CLOSINGS if self.section["grounded"] else phrases.SHORT_DISCLAIMERS
            self.say(first, "closing", str(self.fresh(options)), last=True)
            return
        if not self.alone:
            self.say(first, "closing", str(self.fresh(phrases.LAST_QUESTIONS, name=self.hosts[second]["name"])))
        self.say(second, "closing", str(self.fresh(phrases.CLOSINGS, topic=self._topic())), last=True)

    def _topic(self) -> str:
        spoken = str(self.section["spoken"])
        if is_question(spoken):
            return "this question"
        return "this topic" if spoken.startswith("how ") or len(spoken.split()) > phrases.LONG_TOPIC_WORDS else spoken

    def discuss(self) -> None:
        """Ask and answer the planned questions until the section's time is over."""
        plan: list[Exchange] = self.section["plan"]
        start = self.state["seconds"]
        heard = 0
        for number, planned in enumerate(plan, start=1):
            until = start + (self.section["until"] - start) * number / len(plan)
            heard += self._exchange(planned, until)
            self.task.progress(number / len(plan))
        while heard and self.section["until"] - self.state["seconds"] > SHORTEST_EXCHANGE_S:
            if not self._exchange(FOLLOW_UP, self.section["until"]):
                break
        if not heard:
            if plan[0]["question"] and not self.budget.tiny:
                self.say(self.asker, "question", self._asked(plan[0]))
            self.say(self.answerer, "answer", self.fresh(phrases.NO_ANSWER) or phrases.NO_ANSWER[0])

    def _exchange(self, planned: Exchange, until: float) -> bool:
        """Ask one question and answer it; returns whether anything was said."""
        wanted = round((until - self.state["seconds"] - 3) / SENTENCE_S)
        for exchange in self._options(planned):
            stream = self.answers.stream(exchange, min(MOST_SENTENCES + 1, max(1, wanted)))
            first = next(stream, None)
            if first is not None:
                break
        else:
            return False
        if exchange in self.section["spare"] and planned is self.section["plan"][0]:
            self.title = exchange["title"]
        if not self.budget.tiny:
            self.say(self.asker, "question", self._asked(exchange))
        answer = self._collect(chain([first], stream), until)
        self.say(self.answerer, "answer", " ".join(text for text, _ in answer), answer[0][1])
        self._react(" ".join(text for text, _ in answer), until)
        return True

    def _options(self, planned: Exchange) -> Iterator[Exchange]:
        """The planned question, then others to ask when no answer to it may be spoken.

        A section begins with a question that can be its title, so there the spare ones come before a follow-up.
        """
        if planned["question"]:
            yield planned
        begins = planned is self.section["plan"][0]
        while begins and self.spare:
            yield self.spare.pop(0)
        follow_up = None if self.section["grounded"] else self._follow_up()
        if follow_up:
            yield follow_up
        while self.spare:
            yield self.spare.pop(0)

    def _collect(self, stream: Iterator[Line], until: float) -> list[Line]:
        """Sentences as long as one more fits into the time better than none."""
        answer: list[Line] = []
        end = self.state["seconds"] + (0 if self.alone else REACTION_S)
        most = MOST_SENTENCES + self.section["grounded"]
        for line in islice(stream, most):
            answer.append(line)
            end += seconds(line[0])
            if len(answer) == most or end + SENTENCE_S / 2 > until:
                break
        return answer

    def _asked(self, exchange: Exchange) -> str:
        name = self.hosts[self.answerer]["name"]
        lead = self.rng.choice(self._leads(exchange)).format(name=name)
        question = str(exchange["question"])
        inside = lead.endswith(", ") and question.split()[0] in _LOWERED
        return lead + (question[:1].lower() + question[1:] if inside else question)

    def _leads(self, exchange: Exchange) -> tuple[str, ...]:
        """Words before a question that fit what the same host said last."""
        host, kind = self.state["last"]
        if self.alone:
            return phrases.ALONE_LEADS
        if kind == "opening":
            return phrases.FIRST_LEADS
        if host == self.asker and kind in ("answer", "reaction"):
            return phrases.TURNED_LEADS if kind == "answer" else phrases.PLAIN_LEADS
        return phrases.FOLLOW_LEADS if exchange["follow"] else phrases.ASK_LEADS

    def _follow_up(self) -> Exchange | None:
        """A question on something that was said."""
        options = [*FOLLOW_UPS, *BACK_TO_YOU]
        self.rng.shuffle(options)
        for phrase in reversed(self.state["phrases"]):
            for question, stem in options:
                if (question, stem) in BACK_TO_YOU and phrase not in self.mentioned:
                    continue
                asked = question.format(k=phrase)
                if asked not in self.state["said"]:
                    self.state["said"].append(asked)
                    self.state["phrases"].remove(phrase)
                    return FOLLOW_UP | {"question": asked, "stem": stem.format(k=phrase), "follow": True}
        return None

    def _react(self, answer: str, until: float) -> None:
        """Let the asking host answer with a few words where time is left for them."""
        found = key_phrases(answer, self.section["spoken"])
        self.state["phrases"] = [*self.state["phrases"], *found][-12:]
        self.mentioned.update(found)
        if self.alone or self.budget.tiny or self.state["seconds"] + REACTION_S / 2 > until or self.rng.random() < 0.2:
            return
        options = [r.format(k=found[0]) for r in phrases.REACTIONS] if found else []
        reaction = self.fresh([*options, *phrases.PLAIN_REACTIONS])
        if reaction:
            self.say(self.asker, "reaction", reaction)


_LOWERED = word_set("What Why How Where When Who Which Is Are Do Does Did Can Could If And In On You")
