"""Adapter ``calculator``: exact arithmetic, so that a language model's sums can be checked."""

from __future__ import annotations

import ast
import math
import operator
import re
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from murakkab_runtimes.base import InputError, Output, Runtime, Task

MOST_CHARACTERS, MOST_PARTS, MOST_BITS = 500, 120, 2048
"""Length of an expression, how many numbers and operators it may have, and the size of every number on the way."""
MOST_STEPS = 50

_WORDS = re.compile(r"[^\W\d]+")
"""Words and units beside numbers."""

Number = Fraction
"""Every value is a fraction: nothing is rounded on the way."""


class Impossible(Exception):
    """The expression has no value; the message says why."""


class Calculator(Runtime):
    """Works out expressions and checks steps such as ``3 * 4 = 12``."""

    def run(self, task: Task) -> Output:
        """Work out ``expression`` (text) and check ``steps`` (texts), each with an equals sign in it.

        ``answer`` (a number or a text with one), where given, is compared with the value.

        Returns:
            ``{"ok", "value", "exact", "right", "wrong", "agrees", "told"}``: whether there is a value, the value as
            a number and as an exact text ("7/2"; null and "" without one), how many steps are right, the steps that
            are not (with what they should be), whether the answer is the value (null without either), and all that is
            wrong in one text.

        Raises:
            InputError: there is neither an expression nor a step.
        """
        expression, steps = task.arguments.get("expression"), task.arguments.get("steps")
        if not isinstance(expression, str) and not isinstance(steps, list):
            raise InputError("calculation needs an 'expression' such as '(3 + 4) * 2', or 'steps'")
        value, told = _worked_out(expression if isinstance(expression, str) else "")
        wrong = [said for step in (steps or [])[:MOST_STEPS] if (said := check(str(step)))]
        agrees = None if value is None else _agrees(task.arguments.get("answer"), value)
        if agrees is False and value is not None:
            told.append(f"the answer is not what {expression} makes: {exact(value)}")
        return Output(
            {
                "ok": value is not None,
                "value": None if value is None else _float(value),
                "exact": "" if value is None else exact(value),
                "right": sum("=" in str(step) for step in (steps or [])[:MOST_STEPS]) - len(wrong),
                "wrong": wrong,
                "agrees": agrees,
                "told": "; ".join([*told, *wrong]),
            }
        )


def _worked_out(expression: str) -> tuple[Number | None, list[str]]:
    """The value of an expression as people write it, and what is wrong: ``20 birds - 8 birds = 13`` is 12."""
    if not expression.strip():
        return None, []
    told = [said for said in (check(expression),) if said]
    side = expression.split("=")[0]
    try:
        return evaluate(side), told
    except Impossible as fault:
        bare = _WORDS.sub(" ", side)
        if bare == side:
            return None, [str(fault)]
    try:
        return evaluate(bare), told
    except Impossible as fault:
        return None, [str(fault)]


def _agrees(answer: object, value: Number) -> bool | None:
    if answer is None:
        return None
    try:
        return evaluate(str(answer)) == value
    except Impossible:
        return False


def _float(value: Number) -> float | int:
    if value.denominator == 1 and abs(value) < 2**53:
        return int(value)
    try:
        return float(value)
    except OverflowError:
        return math.copysign(sys.float_info.max, value)


def exact(value: Number) -> str:
    """``value`` as a text: a whole number, a finite decimal, else a fraction."""
    if value.denominator == 1:
        return str(value.numerator)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1 or abs(value) >= sys.float_info.max:
        return str(value)
    digits = f"{float(value):.12g}"
    return digits if Fraction(digits) == value else str(value)


def check(step: str) -> str:
    """Return what is wrong with ``3 * 4 = 13``; empty where it holds, or where there is no sum in it."""
    sides = [side for side in step.split("=") if side.strip()]
    if len(sides) < 2:
        return ""
    try:
        values = [evaluate(side) for side in sides]
    except Impossible:
        return ""
    if all(value == values[0] for value in values):
        return ""
    return f"{sides[0].strip()} is {exact(values[0])}, not {sides[-1].strip()}"


def evaluate(expression: str) -> Number:
    """The exact value of an expression of numbers, ``+ - * / // % **``, brackets, percents and a few functions.

    Raises:
        Impossible: it is none, or its value is too large.
    """
    if len(expression) > MOST_CHARACTERS:
        raise Impossible(f"the expression is longer than {MOST_CHARACTERS} characters")
    try:
        tree = ast.parse(_plain(expression), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Impossible(f"'{expression.strip()[:60]}' is no expression") from None
    if sum(1 for _ in ast.walk(tree)) > MOST_PARTS * 3:
        raise Impossible("the expression has too many parts")
    return _value(tree.body)


_SIGNS_OF_PAPER = str.maketrans("×÷−–", "*/--", "$€£")


def _plain(expression: str) -> str:
    """The expression in Python's signs: no currency, no thousands separators, ``20%`` as a fraction."""
    text = expression.strip().translate(_SIGNS_OF_PAPER)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(r"(?<=\d)\s*[xX]\s*(?=[\d(])", "*", text)
    text = re.sub(r"\^", "**", text)
    return re.sub(r"(\d+(?:\.\d+)?)\s*%(?!\s*[\d(])", r"(\1/100)", text)


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=bool()):
            raise Impossible("only numbers can be reckoned with")
        case ast.Constant(value=int() as number):
            return _fit(Fraction(number))
        case ast.Constant(value=float() as number):
            return _fit(_decimal(number))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _value(inner)
        case ast.BinOp(left=left, op=sign, right=right):
            return _operate(sign, _value(left), _value(right))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _call(name, [_value(a) for a in arguments])
    raise Impossible("only numbers, + - * / // % ** and brackets can be reckoned with")


def _decimal(number: float) -> Number:
    if not math.isfinite(number):
        raise Impossible("a number is too large")
    return Fraction(repr(number))


def _fit(value: Number) -> Number:
    if value.numerator.bit_length() > MOST_BITS or value.denominator.bit_length() > MOST_BITS:
        raise Impossible("a number is too large")
    return value


_SIGNS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "min": min, "max": max, "round": round, "floor": math.floor, "ceil": math.ceil,
}  # fmt: skip


def _operate(sign: ast.operator, left: Number, right: Number) -> Number:
    if isinstance(sign, ast.Pow):
        return _power(left, right)
    if type(sign) not in _SIGNS:
        raise Impossible("only numbers, + - * / // % ** and brackets can be reckoned with")
    try:
        return _fit(Fraction(_SIGNS[type(sign)](left, right)))
    except ZeroDivisionError:
        raise Impossible("it divides by zero") from None


def _power(base: Number, exponent: Number) -> Number:
    if exponent.denominator != 1 or abs(exponent) > 1000:
        raise Impossible("an exponent must be a whole number up to 1000")
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if size * abs(int(exponent)) > MOST_BITS:
        raise Impossible("a number is too large")
    try:
        return Fraction(base ** int(exponent))
    except ZeroDivisionError:
        raise Impossible("it divides by zero") from None


def _call(name: str, values: list[Number]) -> Number:
    if not values or (name not in ("min", "max") and len(values) != 1):
        raise Impossible(f"{name} takes one number")
    return Fraction(_FUNCTIONS[name](*values))
