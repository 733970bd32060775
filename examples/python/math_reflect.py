"""``workflows/math-reflect.yaml`` in Python: ``murakkab run examples/python/math_reflect.py:math_reflect``."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel

from murakkab import Input, compose, each, loop, task, when, workflow


class Sum(BaseModel):
    """How an answer is worked out."""

    steps: str
    expression: str


class Hint(BaseModel):
    """What to mind."""

    hint: str


EXAMPLES = {
    "A bag has 4 nuts. Eva adds 9 nuts. How many nuts are in the bag?": Sum(
        steps="4 nuts and 9 nuts", expression="4 + 9"
    ),
    "Each of 7 tables has 8 chairs. 10 chairs are broken. How many are good?": Sum(
        steps="7 tables with 8 chairs each, minus 10 broken ones", expression="7 * 8 - 10"
    ),
    "35 cards are dealt equally to 5 players. How many cards does each get?": Sum(
        steps="35 cards shared by 5 players", expression="35 / 5"
    ),
    "Max has 50 stamps. He gives 5 stamps to each of 6 friends. How many has he left?": Sum(
        steps="50 stamps minus 6 friends with 5 stamps each", expression="50 - 6 * 5"
    ),
}

calculate = task(capability="calculation")
count_votes = task(capability="majority-vote", of="exact", valid="ok")


@task(
    capability="text-generation",
    system="You turn word problems into sums.",
    examples=[{"prompt": prompt, "answer": answer} for prompt, answer in EXAMPLES.items()],
    words=30,
    candidates=5,
    temperature=0,
    warmest=0.8,
    streams="attempt",
)
def attempt(prompt: str) -> Iterator[Sum]:
    """Work the problem out in several ways."""
    raise NotImplementedError


@task(
    capability="text-generation",
    system="You check how a word problem was worked out, and say in one short sentence what to mind.",
    words=20,
)
def doubt(prompt: str) -> Hint:
    """Doubt what was found."""
    raise NotImplementedError


@workflow
def math_reflect(
    problem: Annotated[str, Input("A word problem with one number as its answer")],
    rounds: Annotated[int, Input("Rounds at most", minimum=1, maximum=6)] = 2,
) -> dict[str, Any]:
    """A word problem becomes sums; a calculator works them out, a vote decides, doubt starts another round."""
    with loop("reflection", times=rounds) as reflection:
        attempts = attempt(f"{problem} {reflection.previous.doubt.hint}")
        for one in each(attempts):
            sums = calculate(expression=one.expression)
        found = compose.options(name="all")(sums=[reflection.previous.all.sums, sums])
        vote = count_votes(items=[found.sums])
        reflection.until(vote.sure >= 0.6)
        with when(vote.sure < 0.6):
            doubt(f"{problem} The attempts found: {vote.counts}")
    return {"answer": vote.answer, "sure": vote.sure, "counts": vote.counts}
