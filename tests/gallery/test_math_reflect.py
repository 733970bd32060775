"""The workflow ``math-reflect`` by the real command, with the embedded model and the calculator."""

from murakkab_runtimes.tools.calculator import evaluate
from tests.gallery.working import run


def test_a_problem_is_worked_out_and_voted_on(tmp_path):
    problem = "A box holds 6 eggs. How many eggs are in 4 boxes?"
    status, last, told = run(tmp_path, "math-reflect", "--problem", problem, "--rounds", "2", "--seed", "1")
    assert status == 0, told
    outputs = last["outputs"]
    assert 0 <= outputs["sure"] <= 1
    votes = [row["votes"] for row in outputs["counts"]]
    assert votes == sorted(votes, reverse=True)
    assert sum(votes) <= 10
    if votes:
        assert outputs["answer"] == outputs["counts"][0]["answer"]
        evaluate(outputs["answer"])
