"""Exact arithmetic, and nothing but arithmetic."""

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab_runtimes.base import InputError, Task, runtime_class
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.tools.calculator import Impossible, check, evaluate, exact


def do(name, **arguments):
    return runtime_class(name)(load_catalog()[name], 1).run(Task(arguments, None)).value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("0.1 + 0.2", "0.3"),
        ("1 / 3 * 3", "1"),
        ("1 / 3", "1/3"),
        ("7 / 2", "3.5"),
        ("7 // 2 + 7 % 4", "6"),
        ("-2 ** 2", "-4"),
        ("2 ^ 10", "1024"),
        ("2 ** -2", "0.25"),
        ("$1,250 × 3", "3750"),
        ("200 * 15%", "30"),
        ("3 x 4", "12"),
        ("10 ** 400 / 5", str(2 * 10**399)),
        ("(10 ** 400 + 1) / 5", f"{10**400 + 1}/5"),
        ("max(3, 10/2) + abs(-1) + floor(2.5)", "8"),
    ],
)
def test_sums_are_exact(expression, value):
    assert exact(evaluate(expression)) == value


@pytest.mark.parametrize(
    "expression",
    [
        "", "2 +", "x + 1", "__import__('os')", "().__class__", "[1]", "'a' * 10", "True + 1", "1 if 1 else 2", "1 < 2",
        "9 ** 9 ** 9", "10 ** 5000", "2 ** 0.5", "1 / 0", "0 ** -1", "1e999", "1j", "max()", "abs(1, 2)", "lambda: 1",
        "(" * 300 + "1" + ")" * 300, "1+" * 400 + "1", "print(1)", "round(1.5, ndigits=0)", "9" * 490 + "*" + "9" * 490,
    ],
)  # fmt: skip
def test_what_is_no_sum_is_refused_fast(expression):
    began = time.monotonic()
    with pytest.raises(Impossible):
        evaluate(expression)
    assert time.monotonic() - began < 1


@given(st.text(alphabet="0123456789+-*/%().,^ xe_abs$", max_size=60))
def test_no_text_breaks_it(text):
    try:
        value = evaluate(text)
    except Impossible:
        return
    assert isinstance(value, Fraction)


def test_steps_are_checked_and_the_wrong_ones_corrected():
    value = do(
        "calculator", steps=["3 * 4 = 12", "12 + 5 = 18", "so it is 17", "1/2 = 0.5"], expression="3*4+5", answer=18
    )
    assert value["wrong"] == ["12 + 5 is 17, not 18"]
    assert (value["value"], value["right"], value["agrees"]) == (17, 2, False)
    assert "17" in value["told"]


@pytest.mark.parametrize(
    ("answer", "agrees"), [(17, True), ("17", True), ("17.0", True), ("$17", True), ("no", False), (None, None)]
)
def test_an_answer_is_compared_exactly(answer, agrees):
    assert do("calculator", expression="3 * 4 + 5", answer=answer)["agrees"] is agrees


def test_a_bad_expression_is_told_and_not_a_fault():
    value = do("calculator", expression="three plus four")
    assert (value["ok"], value["value"], value["exact"]) == (False, None, "")
    assert "no expression" in value["told"]


def test_units_and_a_claimed_result_are_read_as_people_write_them():
    value = do("calculator", expression="20 birds - 8 birds = 13")
    assert (value["value"], value["told"]) == (12, "")
    value = do("calculator", expression="120 - 45 = 45")
    assert (value["value"], value["told"]) == (75, "120 - 45 is 75, not 45")


def test_a_step_without_a_sum_is_neither_right_nor_wrong():
    assert check("we add them") == ""
    assert check("apples = 5") == ""


def test_nothing_to_work_out_is_an_error():
    with pytest.raises(InputError, match="expression"):
        do("calculator")


def test_the_vote_goes_to_the_most_frequent_and_says_how_sure():
    items = [{"v": 4}, {"v": 5}, None, {"v": 4}, {"v": None}, {"v": 4}]
    value = do("majority", items=items, of="v")
    assert (value["answer"], value["votes"], value["voters"], value["sure"]) == (4, 3, 4, 0.6)
    assert value["counts"] == [{"answer": 4, "votes": 3}, {"answer": 5, "votes": 1}]


def test_only_valid_items_vote():
    items = [{"v": 1, "good": False}, {"v": 1}, {"v": 2, "good": True}]
    assert do("majority", items=items, of="v", valid="good")["answer"] == 2
    assert do("majority", items=[], of="v") == {"answer": None, "votes": 0, "voters": 0, "sure": 0.0, "counts": []}


def test_the_best_is_the_first_of_the_highest():
    items = [None, {"n": 1, "score": 0.5}, {"n": 2, "score": 0.9}, {"n": 3, "score": 0.9}]
    assert do("best-of", items=items)["n"] == 2
    with pytest.raises(InputError, match="'size'"):
        do("best-of", items=items, by="size")
    with pytest.raises(InputError, match="empty"):
        do("best-of", items=[None])
