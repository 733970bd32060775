"""What goes wrong in a Python workflow is told at its line, with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from murakkab.language import WorkflowError
from tests.flow.flows import HEAD, marked, problems_of

WRONG = {
    # body: (statement, underlined, message, hint)
    'if write(prompt=topic).good:\n    pass\nreturn {"x": write()}': (
        1, "if write(prompt=topic).good:", "a reference is neither true nor false yet", "with when(...)"),
    'a = write(prompt=topic)\nb = a.x == 1 and a.y == 2\nreturn {"a": a}': (2, "", "neither true nor false", "& | ~"),
    'a = write(prompt=topic)\nb = 1 < a.x < 3\nreturn {"a": a}': (2, "", "neither true nor false", "& | ~"),
    'for t in talk(topic=topic):\n    say(text=t)\nreturn {}': (1, "", "the items of a reference", "in each(...)"),
    'for t in each([1, 2]):\n    pass\nreturn {}': (1, "each([1, 2])", "not over a list", "an ordinary 'for'"),
    'a = [say(text=t) for t in each(talk(topic=topic))]\nreturn {"a": a}': (
        1, "each(talk(topic=topic))", "not inside brackets", "for item in each"),
    'for t in each(talk(topic=topic)):\n    a = say(text=t)\n    break\nreturn {"a": a}': (
        1, "each", "gone through only once for all", "remove break and return"),
    'for t in each(talk(topic=topic)):\n    a = say(text=t)\n    return {"a": a}': (
        1, "each", "gone through only once for all", "remove break and return"),
    'for t in each(talk(topic=topic)):\n    a = say(text=t)\nb = say(text=t)\nreturn {"a": a, "b": b}': (
        3, "say(text=t)", "only known in the body", "list of all"),
    'a = write(prompt=topic)\na = write(prompt=a)\nreturn {"a": a}': (
        2, "write", "a step 'a' already", '.options(name="a2")'),
    'a = count(txt=topic)\nreturn {"a": a}': (1, "count(txt=topic)", "takes no argument 'txt'", "did you mean 'text'?"),
    'a = count()\nreturn {"a": a}': (1, "count()", "missing a required argument: 'text'", "it takes: text"),
    'a = count(topic, topic)\nreturn {"a": a}': (
        1, "count(topic, topic)", "too many positional arguments", "it takes: text"),
    'a = write(topic)\nreturn {"a": a}': (1, "write(topic)", "have no order", "by its name"),
    'a = write(prompt=topic[0])\nreturn {"a": a}': (1, "topic[0]", "no positions", "each(...)"),
    'a = write(prompt=topic.upper())\nreturn {"a": a}': (
        1, "topic.upper", "the input 'topic' has no field 'upper'", "in a task"),
    'a = write(prompt=write(prompt=topic).text.upper())\nreturn {"a": a}': (
        1, "write(prompt=topic).text.upper()", "cannot be called", "@task def"),
    'a = write(prompt="x" + topic)\nreturn {"a": a}': (1, '"x" + topic', "put together", 'f"'),
    'a = write(n=write(prompt=topic).n + 1)\nreturn {"a": a}': (
        1, "write(prompt=topic).n + 1", "added up", "in a task"),
    'a = write(n=len(topic))\nreturn {"a": a}': (1, "len(topic)", "no length", "in a task"),
    'a = write(n=f"{topic:>9}")\nreturn {"a": a}': (1, 'f"{topic:>9}"', "the format ':>9'", "{name} alone"),
    'a = write(n=object())\nreturn {"a": a}': (1, "write(n=object())", "cannot hold a object", "it holds texts"),
    'a = write(n=Path("x"))\nreturn {"a": a}': (1, 'write(n=Path("x"))', "the file x", "make it an input"),
    'a = write(n=float("nan"))\nreturn {"a": a}': (1, "", "nan is not a number", "finite"),
    'a = write(n={1: 2})\nreturn {"a": a}': (1, "", "1 cannot be a name", "texts"),
    'with when(topic):\n    a = write(n=1)\nreturn {"a": 1}': (3, "1", "'a' is nothing that a step gives", "a task"),
    'with when("no"):\n    a = write(n=1)\nreturn {"a": a}': (1, 'when("no")', "takes a condition", "when("),
    'with loop("l", times=2) as l:\n    a = write(n=1)\nb = write(n=l.previous.a)\nreturn {"b": b}': (
        3, "write(n=l.previous.a)", "only known in the body of the loop 'l'", "use it there"),
    'with loop("l", times=2) as l:\n    a = write(n=1)\nl.until(a.x)\nreturn {"b": a}': (
        3, "l.until(a.x)", "behind its loop", "put it into the body"),
    'with loop("l", times=2) as l:\n    a = write(n=1)\n    l.until(a.x)\n    l.until(a.y)\nreturn {"b": a}': (
        4, "l.until(a.y)", "has an end already", "with | or &"),
    'with loop("l", times=0):\n    a = write(n=topic)\nreturn {"b": a}': (1, "0", "from 1 to 100", "3"),
    'a = write(n=secret("a-b"))\nreturn {"a": a}': (1, 'secret("a-b")', "cannot be the name of a secret", "letters"),
    'a = task()(n=1)\nreturn {"a": a}': (1, "task()(n=1)", "does not say what is to be done", "@task"),
    'a = task("x", capability="y")(n=1)\nreturn {"a": a}': (1, "", "exclude each other", "keep one"),
    'a = write.options(nme="x")(n=1)\nreturn {"a": a}': (1, "", "unexpected keyword argument 'nme'", "written down"),
    'a = count.options(nme="x")(topic)\nreturn {"a": a}': (1, "", "there is no option 'nme'", "did you mean 'name'?"),
    'a = write.options(name="1x")(n=topic)\nreturn {"a": a}': (
        1, 'write.options(name="1x")', "no valid name", "a letter"),
    'a = write.options(attempts="x")(n=topic)\nreturn {"a": a}': (1, '"x"', "from 1 to 100", "3"),
    'a = write(n=topic)\na.x = 3\nreturn {"a": a}': (2, "", "'x' of a reference cannot be set", "to a task"),
    'a = write(n=topic)': (-1, "", "the workflow 'flow' returns nothing", "return {"),
    'a = write(n=topic)\nreturn a': (2, "return a", "returns no names", "return {"),
    'a = write(n=topic)\nreturn {"x": a, "y": topic}': (2, "topic", "'y' is nothing that a step gives", "a task"),
    'return {"x": topic + 1}': (1, "topic + 1", "added up", ""),
    'a = write(n=topic)\nreturn {"a": 1 / 0}': (2, "1 / 0", "ZeroDivisionError: division by zero", "written down"),
    'a = write(n=nowhere)\nreturn {"a": a}': (1, "nowhere", "NameError", "written down"),
    'a = write(n=(1 == topic) & "x")\nreturn {"a": a}': (1, "", "'x' is no condition", "brackets"),
    'a = write(n=topic == [1])\nreturn {"a": a}': (1, "topic == [1]", "cannot hold a list", "compare with a text"),
    'a = write(n=(topic == "x").y)\nreturn {"a": a}': (1, '(topic == "x").y', "a condition has no field 'y'", ""),
    'a = write(**{"$x": topic})\nreturn {"a": a}': (1, "write", "starts with '$'", "another name"),
    'a = use("podcats", topic=topic)\nreturn {"a": a.stream}': (1, "use", "no shipped workflow", "did you mean"),
    'a = use("podcast", topik=topic)\nreturn {"a": a.stream}': (
        1, "topik", "no input 'topik'", "did you mean 'topic'?"),
    'stream = write(n=topic)\nreturn {"stream": stream}': (
        2, "stream", "nothing to show piece by piece", "add streams=\"name\" to 'stream'"),
    'a = talk(topic=topic)\nb = write(n=a.text)\nreturn {"b": b}': (
        2, "a.text", "'a' is the list of all its items here", "for item in each(a):"),
    'a = task(capability="text-generation")(prompt=topic)\nb = write(n=a.god)\nreturn {"b": b}': (
        2, "a.god", "'a' is an object, which has no field 'god'", "fields: finished, text"),
}  # fmt: skip


@pytest.mark.parametrize("body", WRONG)
def test_in_the_body(body: str, tmp_path: Path):
    statement, underlined, message, hint = WRONG[body]
    problem = next((p for p in problems_of(tmp_path, body) if message in p.message), None)
    assert problem is not None, problems_of(tmp_path, body)
    assert hint in problem.hint
    assert problem.file == str(tmp_path / "made.py")
    line, characters = marked(problem)
    assert line == statement
    assert not underlined or characters == underlined


PARAMETERS = {
    "topic: list": ("topic", "the input 'topic' has no type that a run can be given", "inputs are str, int"),
    "topic": ("topic", "has no type", "inputs are"),
    "topic: int | str": ("topic", "has no type", "inputs are"),
    "*topic": ("topic", "'*topic' cannot be an input", "name each"),
    "topic: Literal[1, 2]": ("topic", "has no type", "inputs are"),
    "topic: Literal['a', 'b'] = 'c'": ("topic", "the default is not one of the choices", "choices: a, b"),
    "topic: Annotated[int, Input(minimum=5)] = 3": ("topic", "the default 3 is out of range", "from 5"),
    "topic: Annotated[str, Input(minimum=5)]": ("topic", "the key 'minimum' is not known here", ""),
    "topic: Path = Path('x')": ("topic", "the key 'default' is not known here", ""),
    "topic: 'Nothing'": ("workflow", "an annotation of flow() cannot be read: name 'Nothing'", "at the top"),
}


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_in_the_inputs(parameters: str, tmp_path: Path):
    underlined, message, hint = PARAMETERS[parameters]
    body = 'a = write(n=topic)\nreturn {"a": a}'
    problem = next(p for p in problems_of(tmp_path, body, parameters=parameters) if message in p.message)
    assert hint in problem.hint
    assert marked(problem)[1].lstrip("@") == underlined


def test_all_problems_are_told_at_once(tmp_path: Path):
    body = """
    a = write(n=topic, m={"deep": ["x", f"{topic.x if False else topic}"]})
    a = say(text=topic)
    b = use("nothing")
    return {"a": a, "b": b, "c": topic}
    """
    found = [
        (marked(p), p.message.partition(":")[0]) for p in problems_of(tmp_path, body, parameters="topic: str, n: set")
    ]
    assert [line for (line, _), _ in found] == [0, 2, 3, 4]


def test_a_step_made_by_a_helper_is_told_where_the_helper_is_called(tmp_path: Path):
    (tmp_path / "helper_for_misuse.py").write_text(
        'from murakkab import task\nsay = task(capability="toy-say")\n'
        'def told(text):\n    spoken = say(text=text, attempts="x")\n    return say.options(attempts=0)(text=spoken)\n'
    )
    body = 'from helper_for_misuse import told\nlast = told(topic)\nreturn {"a": last}'
    (problem,) = problems_of(tmp_path, body)
    assert marked(problem) == (2, "told")
    assert "from 1 to 100" in problem.message


def test_without_source_problems_are_told_without_a_line():
    text = (
        f"{HEAD}@workflow\ndef flow(topic: str):\n    a = write(n=1)\n    b = write(n=a, attempts=2)\n    return BACK\n"
    )
    names: dict[str, Any] = {"__name__": "typed_in"}
    exec(compile(text.replace("BACK", '{"b": b}'), "<typed in>", "exec"), names)
    assert list(names["flow"].workflow.nodes) == ["a", "b"]
    exec(compile(text.replace("BACK", "b"), "<typed in>", "exec"), names)
    with pytest.raises(WorkflowError, match=r"<typed in>.*returns no names"):
        _ = names["flow"].workflow
    exec(compile(text.replace("BACK", '{"b": count(topic)}'), "<typed in>", "exec"), names)
    with pytest.raises(WorkflowError, match="stands in no file"):
        _ = names["flow"].workflow
