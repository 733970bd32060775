"""Functions as the two kinds of model write them."""

import ast
import json

import pytest

from murakkab_runtimes.base import InputError, Task
from murakkab_runtimes.text.forms.code import parameters
from tests.text.test_openai import connect, misbehaving, spoken  # noqa: F401 - a fixture

TESTS = "assert add(2, 3) == 5\n"


def versions(model, scratch, **more):
    items = []
    values = {"form": "code", "problem": "Return the sum of the two numbers a and b.", "name": "add", "tests": TESTS}
    task = Task(values | more, scratch, seed=1, on_item=lambda value, meta: items.append(value["code"]))
    assert model.run(task).value == {"code": items[0]}
    return items


def test_the_embedded_model_writes_a_function_of_that_name(smollm2, tmp_path):
    found = versions(smollm2, tmp_path, candidates=2, temperature=0, warmest=0.5)
    assert len(found) == 2
    assert all(text.startswith("def add(a, b):\n    return ") for text in found)
    ast.parse(found[0])
    space = {}
    exec(found[0], space)
    assert space["add"](2, 3) == 5
    assert versions(smollm2, tmp_path, candidates=2, temperature=0, warmest=0.5) == found


def test_a_server_is_shown_tests_failures_and_critique_as_material(connect, tmp_path):  # noqa: F811
    answer = "Sure:\n```python\ndef add(a, b):\n    return a + b\n```\nDone."
    with misbehaving([spoken(answer)]) as (url, seen):
        client = connect(url, model="m")
        found = versions(
            client, tmp_path, code="def add(a, b): return a", failures=["add(2, 3) gave 2, not 5"], critique="Use b."
        )
    assert found == ["def add(a, b):\n    return a + b\n"]
    asked = json.dumps(seen[0]["messages"])
    assert all(
        part in asked for part in ("assert add(2, 3) == 5", "gave 2, not 5", "Use b.", "def add(a, b): return a")
    )
    assert seen[0]["messages"][1]["content"].count("<material>") == 4


def test_what_is_no_python_is_asked_for_again_and_then_given_as_it_is(connect, tmp_path):  # noqa: F811
    with misbehaving([spoken("def add(a b)"), spoken("def add(a, b): return a + b")]) as (url, seen):
        assert versions(connect(url, model="m"), tmp_path) == ["def add(a, b): return a + b\n"]
    with misbehaving([spoken("I would rather not.")]) as (url, seen):
        assert versions(connect(url, model="m"), tmp_path) == ["I would rather not.\n"]
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("tests", "problem", "names"),
    [
        ("assert f(1, 2) == 3", "Add.", ["a", "b"]),
        ("assert f(-1) == 3", "Convert c.", ["c"]),
        ("assert f([1], 'x') == 3", "Find the items.", ["items", "text"]),
        ("assert f({}, None, k=1)", "", ["value", "data", "k"]),
        ("assert g(1)", "", ["*args"]),
        ("def (", "", ["*args"]),
    ],
)
def test_parameters_are_read_from_the_tests(tests, problem, names):
    assert parameters("f", tests, problem) == names


@pytest.mark.parametrize(
    "wrong", [{"name": "a b"}, {"name": ""}, {"problem": " "}, {"problem": None}, {"candidates": 0}]
)
def test_what_cannot_be_used_is_named(smollm2, tmp_path, wrong):
    with pytest.raises(InputError, match=next(iter(wrong)) + "|name of a function"):
        versions(smollm2, tmp_path, **wrong)
