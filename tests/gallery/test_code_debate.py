"""The workflow ``code-debate`` by the real command, with the embedded model and the real sandbox."""

import json

from tests.gallery.working import EXAMPLES, run

TASKS = EXAMPLES / "code-debate"


def test_a_function_passes_its_tests(tmp_path):
    problem = "Return the sum of the two numbers a and b."
    status, last, told = run(
        tmp_path, "code-debate", "--problem", problem, "--name", "add", "--tests", str(TASKS / "add.py"), "--seed", "1"
    )
    assert status == 0, told
    outputs = last["outputs"]
    assert outputs["passed"] is True
    space = {}
    exec(outputs["code"], space)
    exec((TASKS / "add.py").read_text(), space)


def test_the_debate_ends_when_its_rounds_are_over(tmp_path):
    tests = tmp_path / "tests.py"
    tests.write_text("assert odd(1) == 1\nassert odd(1) == 2\n")
    status, last, told = run(
        tmp_path, "code-debate", "--problem", "Return n.", "--name", "odd", "--tests", str(tests), "--rounds", "2",
        "--seed", "1",
    )  # fmt: skip
    assert status == 0, told
    assert last["outputs"]["passed"] is False
    assert last["outputs"]["failures"]
    events = next((tmp_path / "runs").glob("*/events.jsonl")).read_text().splitlines()
    started = [json.loads(line) for line in events if '"task.started"' in line]
    assert {tuple(e["path"]) for e in started if e["node"] == "debate.critic"} == {(0,), (1,)}
    assert {tuple(e["path"]) for e in started if e["node"] == "debate.bold-trial"} == {(0, 0), (0, 1), (1, 0), (1, 1)}
