"""Conditions and values that the engine works out: answers, errors, order, and that the loop is not held up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from murakkab.engine.evaluation import Evaluator, evaluate
from murakkab_optimizer.graph import NULL, Node
from murakkab_optimizer.scheduler.commands import Evaluate
from murakkab_optimizer.scheduler.events import Evaluated
from murakkab_runtimes.artifacts import ArtifactStore
from murakkab_runtimes.secrets import Mask


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path)


def ask(node: Node, store: ArtifactStore, what: str = "value", **more: Any) -> Evaluated:
    return evaluate(Evaluate("r", node.name, (), what, **more), node, store, Mask())


def test_a_value_is_filled_and_stored_with_its_files(store: ArtifactStore, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    inputs = {"x": store.put({"file": tmp_path / "a.txt"}), "y": (store.put(1), NULL)}
    value = {"file": {"$node": "x", "path": ["file"]}, "all": {"$node": "y", "path": []}, "item": {"$item": ["n"]}}
    answer = ask(Node("v", "", {"value": value}), store, inputs=inputs, item=store.put({"n": 5}))
    made = store.get(answer.value)
    assert answer.error == ""
    assert made["all"] == [1, None]
    assert made["item"] == 5
    assert made["file"].read_text() == "a"


@pytest.mark.parametrize(("number", "holds"), [(3, True), (2, False)])
def test_a_condition_is_read(store: ArtifactStore, number: int, holds: bool) -> None:
    node = Node("c", "x", when={"$is": ">", "of": [{"$item": []}, 2]})
    assert ask(node, store, "when", item=store.put(number)) == Evaluated("r", "c", (), "when", holds=holds)


@pytest.mark.parametrize(
    ("until", "holds"), [(None, False), ({"$is": "==", "of": [{"$node": "b", "path": []}, 4]}, True)]
)
def test_a_round_has_a_value_and_an_end(store: ArtifactStore, until: Any, holds: bool) -> None:
    node = Node("l", "", {"value": {"b": {"$node": "b", "path": []}}}, repeat=9, until=until)
    answer = ask(node, store, "round", index=2, inputs={"b": store.put(4)})
    assert (store.get(answer.value), answer.holds, answer.index) == ({"b": 4}, holds, 2)


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({"$item": []}, "must be true or false, not the text 'yes'"),
        ({"$is": "<", "of": [{"$item": []}, 1]}, "text and number have no order"),
        ({"$item": ["a"]}, "item has no field 'a'; it has: str"),
        ({"$secret": "TEST_NEVER_SET"}, "TEST_NEVER_SET is not set"),
    ],
)
def test_what_cannot_be_answered_says_why(store: ArtifactStore, when: Any, message: str) -> None:
    assert message in ask(Node("c", "x", when=when), store, "when", item=store.put("yes")).error


def test_answers_come_in_order_and_the_loop_goes_on(store: ArtifactStore) -> None:
    big = tuple(store.put({"n": number}) for number in range(4000))
    node = Node("v", "", {"value": {"$node": "x", "path": []}})
    answers: list[int] = []
    ticks: list[int] = []

    async def scenario() -> None:
        evaluator = Evaluator(lambda answer: answers.append(answer.path[0]))
        for number in range(20):
            inputs = {"x": big if number == 0 else NULL}
            evaluator.ask(Evaluate("r", "v", (number,), "value", inputs=inputs), node, store, Mask())
        while len(answers) < 20:
            await asyncio.sleep(0.002)
            ticks.append(len(answers))
        evaluator.close()

    asyncio.run(asyncio.wait_for(scenario(), 60))
    assert answers == list(range(20))
    assert ticks.count(0) > 5
