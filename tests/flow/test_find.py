"""``module.py:flow`` and ``package.module:flow`` lead to workflows, and what is in the way is told."""

from __future__ import annotations

from pathlib import Path

import pytest

import murakkab
from murakkab import flow
from murakkab.flow import find_flow
from murakkab.language import Problem, WorkflowError
from tests.flow.flows import graph_of

GOOD = """\
from murakkab import task, workflow
write = task(capability="toy-write")

@workflow(name="short", description="Writes.")
def flow(topic: str = "bees"):
    answer = write(prompt=topic)
    return {"answer": answer}
"""


def refused(target: str) -> Problem:
    with pytest.raises(WorkflowError) as caught:
        find_flow(target)
    (problem,) = caught.value.problems
    return problem


def test_the_package_exports_what_it_names():
    assert sorted(set(murakkab.__all__) - {"__version__", "find_flow"}) == sorted(
        set(flow.__all__) - {"Asked", "Flow", "Task", "find_flow"}
    )
    assert all(hasattr(murakkab, name) for name in murakkab.__all__)


def test_a_file(tmp_path: Path):
    file = tmp_path / "good.py"
    file.write_text(GOOD)
    workflow = find_flow(f"{file}:flow")
    assert (workflow.name, workflow.metadata.description, workflow.file) == ("short", "Writes.", file)
    assert [node.name for node in graph_of(workflow).nodes] == ["answer"]


def test_the_only_workflow_of_a_file_needs_no_name(tmp_path: Path):
    (tmp_path / "good.py").write_text(GOOD)
    assert find_flow(str(tmp_path / "good.py")).name == "short"


def test_a_module_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "made_for_find").mkdir()
    (tmp_path / "made_for_find" / "__init__.py").touch()
    (tmp_path / "made_for_find" / "good.py").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    assert find_flow("made_for_find.good:flow").name == "short"


def test_a_package_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "broken_package").mkdir()
    (tmp_path / "broken_package" / "__init__.py").write_text("x = (\n")
    (tmp_path / "broken_package" / "good.py").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    problem = refused("broken_package.good:flow")
    assert (problem.file, problem.line) == (str(tmp_path / "broken_package" / "__init__.py"), 1)


def test_a_file_finds_the_modules_beside_it(tmp_path: Path):
    (tmp_path / "beside_for_find.py").write_text('from murakkab import task\nwrite = task(capability="toy-write")\n')
    file = tmp_path / "good.py"
    file.write_text(GOOD.replace('write = task(capability="toy-write")', "from beside_for_find import write"))
    assert graph_of(find_flow(f"{file}:flow")).node("answer").capability == "toy-write"


def test_a_changed_file_is_read_again(tmp_path: Path):
    file = tmp_path / "good.py"
    file.write_text(GOOD)
    find_flow(f"{file}:flow")
    file.write_text(GOOD.replace("toy-write", "toy-rewrite"))
    assert graph_of(find_flow(f"{file}:flow")).node("answer").capability == "toy-rewrite"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("god.py:flow", "there is no such file", "did you mean 'good.py'?"),
        ("good.py:flwo", "there is no workflow 'flwo' in it", "did you mean 'flow'?"),
        ("good.py:write", "'write' is no workflow", "workflows: flow"),
        ("none.py:f", "there is no workflow in this module", "put @workflow above the function"),
        ("none.py:g", "there is no workflow in this module", "write one"),
        ("none.py", "there is no workflow in this module", "write one"),
        ("two.py", "which workflow is meant?", "add ':name'; workflows: flow, other"),
        ("a\0b.py:flow", "there is no such file", ""),
        ("a" * 9000 + ".py:flow", "there is no such file", ""),
    ],
)
def test_what_is_not_there(name: str, message: str, hint: str, tmp_path: Path):
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "two.py").write_text(GOOD + "other = flow\n")
    (tmp_path / "none.py").write_text("def f():\n    pass\n")
    problem = refused(f"{tmp_path}/{name}")
    assert (problem.message, problem.line) == (message, 0)
    assert hint in problem.hint


@pytest.mark.parametrize("target", ["no.such.module:flow", "no such:flow", ".:flow", "json:flow", "a..b:flow", ":", ""])
def test_a_module_that_is_not_there(target: str):
    assert refused(target).line == 0


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x = 1\ny = (\n", 2, "this is not valid Python: '(' was never closed"),
        ("x = 1\nimport nowhere_at_all\n", 2, "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("def f():\n    return 1 / 0\nx = 1\nf()\n", 2, "ZeroDivisionError: division by zero"),
        ("x = 1\nraise SystemExit\n", 2, "SystemExit"),
        ("from . import x\n", 1, "ImportError: attempted relative import with no known parent package"),
        ("import json\n\njson.loads('{')\n", 3, "JSONDecodeError: Expecting property name enclosed in double quotes"),
        ("from murakkab import task\n@task\ndef f(): ...\n", 2, "the task 'f' has no body and no capability"),
        (
            "from murakkab import task\n@task('x')\ndef f(): return 1\n",
            2,
            "the task 'f' has a body, so it does the work",
        ),
        ("from murakkab import task\n@task\nasync def f(): return 1\n", 2, "'f' is an async function"),
        ("from murakkab import task\nx = task(3)\n", 2, "a task is a function or a text, not a int"),
        ("from murakkab import workflow\n@workflow\nclass A: pass\n", 2, "a workflow is a plain function"),
        ("from murakkab import each\nfor x in each(1): pass\n", 2, "each() stands outside of a workflow"),
        ("from murakkab import use\nuse('podcast')\n", 2, "use() stands outside of a workflow"),
        ("from murakkab import task\ntask('x')(a=1)\n", 2, "the task 'x' stands outside of a workflow"),
        ("from murakkab import task\n@task('x')\ndef f(): ...\nf()\n", 4, "f() only says what is wanted"),
        (GOOD + "flow('x')\n", 8, "flow() runs nothing"),
        ("x = '\\ud800'\nprint(x.encode())\n", 2, "UnicodeEncodeError"),
    ],
)
def test_a_module_that_cannot_be_imported(text: str, line: int, message: str, tmp_path: Path):
    file = tmp_path / "bad.py"
    file.write_text(text)
    problem = refused(f"{file}:flow")
    assert (problem.file, problem.line) == (str(file), line)
    assert problem.message.startswith(message)
    assert problem.source_line == text.splitlines()[line - 1]


def test_a_file_that_is_no_text(tmp_path: Path):
    file = tmp_path / "bad.py"
    file.write_bytes(b"\xff\xfe\x00x = 1")
    assert refused(f"{file}:flow").file == str(file)


def test_a_fault_in_another_module_is_told_where_it_was_asked_for(tmp_path: Path):
    (tmp_path / "broken_for_find.py").write_text("x = 1\nraise ValueError('no')\n")
    file = tmp_path / "bad.py"
    file.write_text("y = 2\nimport broken_for_find\n")
    problem = refused(f"{file}:flow")
    assert (problem.line, problem.message) == (2, "ValueError: no")


def test_a_workflow_that_needs_itself(tmp_path: Path):
    file = tmp_path / "round.py"
    file.write_text(
        GOOD.replace("    answer", "    find_flow(__file__ + ':flow')\n    answer").replace(
            "import", "import find_flow,"
        )
    )
    assert refused(f"{file}:flow").message == "it uses itself"
