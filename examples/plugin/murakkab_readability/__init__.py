import re

from murakkab_runtimes.base import InputError, Output, Runtime, Task


class Readability(Runtime):
    """Years of school that an English text asks for, by the formula of Flesch and Kincaid (1975)."""

    def run(self, task: Task) -> Output:
        """Grade the argument ``text``."""
        words = re.findall(r"[a-z']*[a-z]", task.arguments["text"].lower())
        if not words:
            raise InputError("there are no English words; give the argument 'text' a sentence")
        sentences = max(1, len(re.findall(r"[.!?]+", task.arguments["text"])))
        syllables = sum(max(1, len(re.findall("[aeiouy]+", word.removesuffix("e")))) for word in words)
        grade = 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59
        return Output({"grade": round(grade, 1), "words": len(words), "sentences": sentences})
