"""What a script must be to be worth hearing, checked independently of the code that writes it."""

import re

MODEL = re.compile(r"\bas an AI\b|language model|SmolLM|ChatGPT|OpenAI|\bassistant\b", re.I)
MARKUP = re.compile(r"https?:|www\.|[*_#`<>|{}\[\]]|^\s*[-•]\s|^\s*\d+[.)]\s", re.M)
SMALL_WORDS = "a an the of to in on at for and or but is are was were be it its this that with as by i you we they"
SMALL = frozenset(re.findall(r"\w+", SMALL_WORDS))


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def likeness(one: str, other: str) -> float:
    a, b = set(words(one)) - SMALL, set(words(other)) - SMALL
    return len(a & b) / len(a | b) if a | b else 1.0


def faults_of(script, names: set[str]) -> list[str]:
    found = []
    for turn in script.turns:
        text = turn["text"]
        if turn["speaker"] not in names:
            found.append(f"speaker {turn['speaker']}")
        if not re.search(r"[.!?]$", text) or not re.match(r"[A-Z0-9]", text):
            found.append(f"no full sentence: {text}")
        if MODEL.search(text) or MARKUP.search(text) or "  " in text:
            found.append(f"format: {text}")
        if re.match(r"[A-Z]\w+:", text) or any(re.search(rf"\b{n}:", text) for n in names):
            found.append(f"names a speaker: {text}")
    said = [t["text"] for t in script.turns if len(words(t["text"])) > 3]
    for i, one in enumerate(said):
        found += [f"repeats: {one} / {other}" for other in said[i + 1 :] if likeness(one, other) > 0.7]
    return found
