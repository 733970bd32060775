"""The workflow ``math-reflect`` by the real command, with the embedded model and the calculator."""

from murakkab_runtimes.tools.calculator import evaluate
from tests.gallery.working import run


def test_a_problem_is_worked_out_and_voted_on(tmp_path):
    problem = "There are 20 birds on a wire and 8 fly away. How many are left?"
    status, last, told = run(tmp_path, "math-reflect", "--problem", problem, "--rounds", "2", "--seed", "1")
    assert status == 0, told
    outputs = last["outputs"]
    votes = [row["votes"] for row in outputs["counts"]]
    assert votes == sorted(votes, reverse=True)
    assert 0 < sum(votes) <= 10
    assert 0 < outputs["sure"] <= 1
    assert outputs["answer"] == outputs["counts"][0]["answer"]
    assert evaluate(outputs["answer"]) == 12
