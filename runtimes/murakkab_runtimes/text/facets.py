"""The bank of questions: facets of a topic, each with the beginning of its answer.

``{t}`` is what is asked about. Wordings avoid forms that depend on singular or plural ("How did {t} begin?", never
"Where does {t} come from?"), so that they read well for "tea" and for "black holes".
"""

from __future__ import annotations

import random
from dataclasses import dataclass

Row = tuple[str, str, str, str]


@dataclass(frozen=True)
class Facet:
    """One question about a topic, with {t} filled in.

    ``stem`` is how a small model's answer begins; ``title`` names the section that the question opens.
    """

    title: str
    question: str
    stem: str
    mood: str


_ANY: tuple[Row, ...] = (
    ("The basics", "What should a beginner know about {t}?", "The first thing to know about {t} is that", "calm"),
    ("Why it matters", "Why do people care about {t}?", "People care about {t} because", "warm"),
    (
        "A surprise",
        "What surprises people when they look closely at {t}?",
        "The surprising thing about {t} is that",
        "bright",
    ),
    ("A misunderstanding", "Which mistake do people make about {t}?", "Many people get this wrong, because", "playful"),
    ("Hard parts", "What makes {t} hard to understand?", "The hard part is that", "thoughtful"),
    ("Getting started", "How can our listeners explore {t} themselves?", "A good way to explore {t} is to", "bright"),
    ("A picture", "If you had to paint {t} as a picture, what would we see?", "Picture", "warm"),
    ("For a child", "How would you explain {t} to a child?", "I would tell a child that", "playful"),
    ("Big ideas", "What big idea hides behind {t}?", "The big idea is that", "thoughtful"),
    ("The senses", "What do people feel when they come close to {t}?", "People often feel", "warm"),
    ("Teaching", "How do good teachers talk about {t}?", "Good teachers begin with", "calm"),
    ("Stories", "Why do we tell each other stories about {t}?", "We tell stories about {t} because", "warm"),
    ("Numbers and scale", "How big a thing is {t}, really?", "Think of the scale like this, because", "bright"),
    (
        "Open questions",
        "What do experts still argue about when it comes to {t}?",
        "Experts still argue about",
        "thoughtful",
    ),
    ("Connections", "What else is connected with {t}?", "There is a close link between {t} and", "calm"),
    ("A good eye", "What should we look for when we meet {t}?", "Look closely at", "calm"),
    ("Respect", "What deserves more respect when we speak of {t}?", "What deserves more respect is", "warm"),
    ("First meeting", "How do most people first hear about {t}?", "Most people first hear about {t} when", "bright"),
    ("Art", "Where do artists and writers meet {t}?", "Artists and writers use {t} to", "dreamy"),
    ("Learning more", "What kind of book about {t} would you give a friend?", "I would choose a book that", "warm"),
    ("Two sides", "What are the two sides of {t}?", "On one side,", "thoughtful"),
    ("Patience", "What does {t} teach us about patience?", "Patience matters here because", "calm"),
    ("Words", "Which single word fits {t} best?", "One word that fits is", "playful"),
    ("Other eyes", "How might a visitor from far away see {t}?", "A visitor from far away might", "dreamy"),
    ("A lesson", "What is the most useful lesson in {t}?", "The most useful lesson is that", "warm"),
    ("Doubt", "What should we doubt when we read about {t}?", "We should be careful, because", "thoughtful"),
    ("A museum", "What would a museum of {t} show first?", "The first room would show", "dreamy"),
    ("Curiosity", "What keeps people curious about {t}?", "People stay curious because", "bright"),
    ("Small details", "Which small detail of {t} would you never leave out?", "The small detail I love is", "playful"),
    ("The wider world", "How do different parts of the world look at {t}?", "In different parts of the world,", "calm"),
    ("Time", "How has the way people talk about {t} changed?", "In the past, people", "thoughtful"),
    ("A debate", "What would two experts on {t} disagree about over dinner?", "They might disagree about", "playful"),
    (
        "A question back",
        "Which question about {t} do you wish people asked more often?",
        "People should ask how",
        "warm",
    ),
    ("Comparisons", "What could we compare {t} with?", "A good comparison is", "bright"),
    (
        "Conversation",
        "What is a good way to start a conversation about {t}?",
        "A good way to start is to ask",
        "playful",
    ),
    ("What lasts", "What is likely to last when it comes to {t}?", "What is likely to last is", "thoughtful"),
)

_THING: tuple[Row, ...] = (
    ("Beginnings", "Where does the story of {t} begin?", "The story of {t} begins with", "dreamy"),
    ("Everyday life", "Where might we come across {t} in everyday life?", "We come across {t} when", "warm"),
    ("Inside", "What is going on inside the world of {t}?", "At the heart of {t} is", "thoughtful"),
    ("A world without", "What would the world look like without {t}?", "Without {t}, people would", "dreamy"),
    ("What can go wrong", "What can go wrong with {t}?", "Things go wrong when", "thoughtful"),
    ("Looking ahead", "How might our view of {t} change in the years ahead?", "In the years ahead,", "bright"),
    ("Kinds", "How many faces does the world of {t} have?", "There are different kinds of {t}, and", "bright"),
    ("Cost", "What does {t} cost us, in effort or in time?", "The real cost is", "thoughtful"),
    ("The senses", "How would you describe {t} with the senses?", "You would notice", "warm"),
    ("Nature", "What does nature have to do with {t}?", "In nature,", "dreamy"),
    ("Work", "Who works with {t} every day?", "People who work with {t} often", "warm"),
    ("Science", "How do scientists study {t}?", "Scientists study {t} by", "calm"),
    ("Tools", "Which tools help people with {t}?", "The most useful tool is", "calm"),
    ("Health and safety", "How can we be careful with {t}?", "It is wise to", "calm"),
    ("A rule", "Is there a simple rule behind {t}?", "A simple rule is that", "bright"),
)

_PROCESS: tuple[Row, ...] = (
    ("The main idea", "What is the main idea behind {t}?", "The main idea behind {t} is that", "calm"),
    ("First step", "What happens first when we look at {t}?", "First of all,", "bright"),
    ("The next step", "And what happens after that with {t}?", "After that,", "bright"),
    ("What it needs", "What is needed for {t}?", "What you need for {t} is", "calm"),
    (
        "Where the effort goes",
        "Where does most of the effort go with {t}?",
        "Most of the effort goes into",
        "thoughtful",
    ),
    ("What can go wrong", "What can go wrong with {t}?", "Things go wrong when", "thoughtful"),
    ("Getting better", "How do people get better at {t}?", "People get better by", "bright"),
    ("Result", "How do we know that {t} went well?", "You can tell that it went well when", "warm"),
    ("Time", "Why does timing matter for {t}?", "Timing matters because", "thoughtful"),
    ("Looking ahead", "How might {t} change in the years ahead?", "In the years ahead,", "bright"),
)

_PERSON: tuple[Row, ...] = (
    ("Who it is", "Who are we talking about when we say {t}?", "{t} is known for", "calm"),
    ("Legacy", "What do people remember about {t}?", "People remember {t} because", "warm"),
    ("Courage", "What took courage in the life of {t}?", "It took courage to", "thoughtful"),
    ("Work", "What lay at the heart of the work of {t}?", "At the heart of the work of {t} was", "calm"),
    ("Character", "What kind of person do we imagine when we think of {t}?", "We imagine a person who", "warm"),
    ("The times", "What were the times of {t} like?", "In those times, people", "dreamy"),
    ("Influence", "How did {t} influence others?", "The influence of {t} can be seen in", "bright"),
    ("Obstacles", "What stood in the way of {t}?", "The greatest obstacle was", "thoughtful"),
    ("Today", "What would {t} think of our world today?", "In our world today, {t} might", "playful"),
    ("A role model", "What can young people learn from {t}?", "Young people can learn that", "warm"),
)

_PLACE: tuple[Row, ...] = (
    ("Where we are", "What kind of place are we talking about when we say {t}?", "{t} is known for", "calm"),
    ("First steps", "What would a visitor notice first about {t}?", "A visitor would first notice", "bright"),
    ("People", "How do people live in {t}?", "People there", "warm"),
    ("The past", "What does the past mean to {t}?", "The past matters there because", "dreamy"),
    ("Nature", "What does nature look like around {t}?", "The nature there is", "dreamy"),
    ("Food", "What might we eat on a visit to {t}?", "A visitor might eat", "warm"),
    ("Sounds", "What does {t} sound like, early in the morning?", "Early in the morning,", "dreamy"),
    ("Change", "How might {t} change in the years ahead?", "In the years ahead,", "thoughtful"),
    ("Weather", "How does the weather shape {t}?", "The weather there", "calm"),
    ("Getting there", "How should a traveller prepare for {t}?", "A traveller should", "bright"),
)

_EVENT: tuple[Row, ...] = (
    ("What happened", "What happened, in plain words, with {t}?", "In plain words,", "calm"),
    ("Causes", "What led to {t}?", "One of the causes was", "thoughtful"),
    ("Afterwards", "What changed after {t}?", "After {t}, people", "thoughtful"),
    ("The people in it", "What was {t} like for ordinary people?", "For ordinary people,", "warm"),
    ("Memory", "How do we remember {t} today?", "Today we remember {t} because", "warm"),
    ("Turning point", "What was the turning point of {t}?", "The turning point came when", "bright"),
    ("What if", "What if {t} had never happened?", "If it had never happened,", "dreamy"),
    ("Evidence", "How do we know what happened in {t}?", "We know about it because", "calm"),
)

_QUESTION: tuple[Row, ...] = (
    ("The short answer", "What is the short answer?", "The short answer is that", "bright"),
    ("The reason", "What is the deeper reason behind it?", "The deeper reason is that", "thoughtful"),
    ("An example", "Is there a simple example that shows it?", "A simple example is", "warm"),
    ("A misunderstanding", "What do people usually get wrong here?", "People often get this wrong, because", "playful"),
    ("Finding out", "How could somebody find that out?", "You could find out by", "calm"),
    ("Everyday life", "Where can we see this in everyday life?", "In everyday life, we see this when", "warm"),
    ("A surprise", "What is the most surprising part of the answer?", "The surprising part is that", "bright"),
    ("Limits", "When is the answer a different one?", "The answer is different when", "thoughtful"),
)

_BY_KIND = {
    "thing": _THING,
    "process": _PROCESS,
    "person": _PERSON,
    "place": _PLACE,
    "event": _EVENT,
    "question": _QUESTION,
}

_LEADING = 2
"""Rows of a kind that always come first, in the order of the bank: they introduce the topic."""

BACK_TO_YOU: tuple[tuple[str, str], ...] = (
    ("You mentioned the {k}. What is the link there?", "The link with the {k} is that"),
    ("What about the {k}, why bring that up?", "I bring up the {k} because"),
)
"""Questions on something ({k}) to the host who said it, with the beginnings of their answers."""

FOLLOW_UPS: tuple[tuple[str, str], ...] = (
    ("How does the {k} fit into this?", "The {k} fits into this because"),
    ("What makes the {k} matter so much?", "It matters because the {k}"),
    ("What would change without the {k}?", "Without the {k}, we would"),
    ("How should we picture the {k}?", "You can picture the {k} as"),
    ("Do people make too much of the {k}?", "Much is said about the {k}, but"),
    ("Where else do we find the {k}?", "We also find the {k} in"),
    ("What do people forget about the {k}?", "People forget that the {k}"),
    ("Who cares most about the {k}?", "Those who care most about the {k} are"),
    ("What should we keep in mind about the {k}?", "We should keep in mind that the {k}"),
    ("How would you sum up the {k} in one sentence?", "In short, the {k} can be seen as"),
    ("And if somebody asked you about the {k}?", "When somebody asks about the {k}, I would say that"),
    ("What does the {k} tell us about the rest?", "The {k} can tell us that"),
)
"""Questions on something that either host said ({k}), with the beginnings of their answers."""


def facets(kind: str, subject: str, rng: random.Random) -> list[Facet]:
    """Return all facets that suit a topic of ``kind``, introduction first, the rest shuffled; all questions differ."""
    own = list(_BY_KIND[kind])
    lead, rest = own[:_LEADING], own[_LEADING:]
    rng.shuffle(rest)
    general = list(_ANY)
    rng.shuffle(general)
    head = lead if kind != "thing" else [_ANY[0], *lead[:1]]
    tail = [row for row in _woven(rest + (lead if kind == "thing" else []), general) if row not in head]
    found: dict[str, Facet] = {}
    for title, question, stem, mood in [*head, *tail]:
        facet = Facet(title, _fill(question, subject), _fill(stem, subject), mood)
        found.setdefault(facet.question, facet)
    return list(found.values())


def _woven(first: list[Row], second: list[Row]) -> list[Row]:
    """Alternate two lists, then what is left of the longer one."""
    pairs = [row for pair in zip(first, second, strict=False) for row in pair]
    shorter = min(len(first), len(second))
    return pairs + first[shorter:] + second[shorter:]


def _fill(text: str, subject: str) -> str:
    filled = text.replace("{t}", subject)
    return filled[:1].upper() + filled[1:]
