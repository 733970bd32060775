"""Expressions: ``${{ inputs.x }}``, ``${{ nodes.n.field }}``, ``${{ item.kind == 'code' }}``, alone or inside a text.

Grammar of what stands between ``${{`` and ``}}``::

    expression = all { "||" all }
    all        = unary { "&&" unary }
    unary      = "!" unary | comparison
    comparison = operand [ ("==" | "!=" | "<" | "<=" | ">" | ">=") operand ]
    operand    = reference | "'" text "'" | number | "true" | "false" | "null" | "(" expression ")"
    reference  = root { "." name }
    root       = "inputs" | "nodes" | "item" | "previous" | "secrets"
    name       = letter-or-underscore { letter | digit | "_" | "-" }

``$${{`` writes a literal ``${{``; two quotes inside a quoted text stand for one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .document import Data, Place
from .problems import LIMIT, nearest, quoted

ROOTS = ("inputs", "nodes", "item", "previous", "secrets")
OPEN, CLOSE = "${{", "}}"
NESTING = 32
"""Brackets and negations that may stand inside each other."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?[0-9]+(?:\.[0-9]+)?(?![\w.]))|(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|(?P<text>'(?:[^']|'')*')"
    r"|(?P<sign>\|\||&&|==|!=|<=|>=|[.!<>()])|(?P<other>\S))"
)
_OPENING = re.compile(r"(\$?)\$\{\{")
_INSIDE = re.compile(r"(?:[^'}]|'(?:[^']|'')*+'|\}(?!\}))*+")
_LONGEST = 4096
"""Characters of an expression in which quoted texts may hold '}}'."""
_WORDS: dict[str, Data] = {"true": True, "false": False, "null": None}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_FORMS = "expressions look like ${{ inputs.topic }}, ${{ nodes.speech.audio }} or ${{ item.kind == 'code' }}"


@dataclass(frozen=True)
class Name:
    """A word of an expression and its first character in the text."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """The character behind the word."""
        return self.start + len(self.text)


@dataclass(frozen=True)
class Reference:
    """A reference to an input, a node, an item, the round or run before, or a secret.

    Attributes:
        root: ``inputs``, ``nodes``, ``item``, ``previous`` or ``secrets``.
        names: the words behind the root, dots between them.
    """

    root: Name
    names: tuple[Name, ...]

    @property
    def _named(self) -> bool:
        return self.root.text in ("inputs", "nodes", "secrets")

    @property
    def target(self) -> str:
        """Name of the input, node or secret; empty for ``item`` and ``previous``."""
        return self.names[0].text if self.names and self._named else ""

    @property
    def path(self) -> list[str]:
        """Fields of the value that is meant; empty for the whole of it."""
        return [name.text for name in self.names[1 if self._named else 0 :]]

    def __str__(self) -> str:
        return ".".join(name.text for name in (self.root, *self.names))


@dataclass(frozen=True)
class Literal:
    """A value that stands in an expression."""

    value: Data


@dataclass(frozen=True)
class Operation:
    """A comparison, or ``and``, ``or``, ``not`` of expressions."""

    operator: str
    operands: tuple[Expression, ...]


Expression = Reference | Literal | Operation
_Rule = Callable[[], Expression]


@dataclass(frozen=True)
class ExpressionFault:
    """What is wrong with an expression, and which characters of the text it is about."""

    start: int
    end: int
    message: str
    hint: str


@dataclass(frozen=True)
class Template:
    """A text taken apart: literal stretches and expressions in their order."""

    parts: tuple[str | Expression, ...]
    faults: tuple[ExpressionFault, ...] = ()

    @property
    def references(self) -> list[Reference]:
        """The references in it."""
        return [found for part in self.parts if not isinstance(part, str) for found in _references(part)]

    @property
    def alone(self) -> Expression | None:
        """The expression when the text is one and nothing else, so that any kind of value may stand."""
        part = self.parts[0]
        return part if len(self.parts) == 1 and not isinstance(part, str) else None

    @property
    def sole(self) -> Reference | None:
        """The reference when the text is one and nothing else."""
        return self.alone if isinstance(self.alone, Reference) else None


def _references(expression: Expression) -> Iterator[Reference]:
    if isinstance(expression, Reference):
        yield expression
    elif isinstance(expression, Operation):
        for operand in expression.operands:
            yield from _references(operand)


def parse(text: str) -> Template:
    """Take a text apart; never raises, faults are in the result."""
    parts: list[str | Expression] = []
    faults: list[ExpressionFault] = []
    literal, at = "", 0
    while found := _OPENING.search(text, at):
        literal += text[at : found.start()]
        at = found.end()
        if found[1]:
            literal += OPEN
            continue
        start = found.start()
        close = _closing(text, at)
        if close < 0 or text.find(OPEN, at, close) >= 0:
            faults.append(ExpressionFault(start, start + 3, "the expression is not closed", "end it with ' }}'"))
            if close < 0 or len(faults) >= LIMIT:
                break
            continue
        try:
            expression = _Parser(text, at, close).parse()
        except _Fault as fault:
            faults.append(fault.fault)
        else:
            parts += [literal, expression] if literal else [expression]
            literal = ""
        at = close + len(CLOSE)
    literal += text[at:]
    if literal or not parts:
        parts.append(literal)
    return Template(tuple(parts), tuple(faults))


def _closing(text: str, at: int) -> int:
    """Where the expression that begins at ``at`` is closed; -1 where it is not. Quoted texts are passed over."""
    inside = _INSIDE.match(text, at, at + _LONGEST)
    end = inside.end() if inside else at
    return end if text.startswith(CLOSE, end) else text.find(CLOSE, at)


class _Fault(Exception):
    def __init__(self, start: int, end: int, message: str, hint: str = _FORMS) -> None:
        self.fault = ExpressionFault(start, end, message, hint)


class _Parser:
    """Reads one expression by recursive descent."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.start, self.end = text, start, end
        self.tokens = [
            (found.lastgroup or "", found[found.lastgroup or 0], found.start(found.lastgroup or 0))
            for found in _TOKEN.finditer(text, start, end)
        ]
        self.at = 0
        self.depth = 0

    def parse(self) -> Expression:
        if not self.tokens:
            raise _Fault(self.start - 3, self.end + 2, "the expression is empty")
        expression = self.any_of()
        if self.at < len(self.tokens):
            _, shown, at = self.tokens[self.at]
            wanted = "'.' or '}}'" if isinstance(expression, Reference) else "'}}'"
            raise _Fault(at, at + len(shown), f"expected {wanted} here, got {quoted(shown)}")
        return expression

    def any_of(self) -> Expression:
        return self.chain("||", "or", self.all_of)

    def all_of(self) -> Expression:
        return self.chain("&&", "and", self.unary)

    def chain(self, sign: str, operator: str, inner: _Rule) -> Expression:
        operands = [inner()]
        while self.take(sign):
            operands.append(inner())
        return operands[0] if len(operands) == 1 else Operation(operator, tuple(operands))

    def unary(self) -> Expression:
        if not self.take("!"):
            return self.comparison()
        return Operation("not", (self.nested(self.unary),))

    def comparison(self) -> Expression:
        left = self.operand()
        for operator in _COMPARISONS:
            if self.take(operator):
                return Operation(operator, (left, self.operand()))
        return left

    def operand(self) -> Expression:
        kind, shown, at = self.tokens[self.at] if self.at < len(self.tokens) else ("", "", self.end)
        self.at += 1
        match kind:
            case "number":
                return Literal(self.number(shown, at))
            case "text":
                return Literal(shown[1:-1].replace("''", "'"))
            case "name" if shown in _WORDS:
                return Literal(_WORDS[shown])
            case "name":
                return self.reference(Name(shown, at))
            case "sign" if shown == "(":
                return self.bracket(at)
            case "":
                raise _Fault(at, at + 2, "something is missing here")
        hint = "put texts in single quotes: 'code'" if shown in ('"', "'") else _FORMS
        if shown.isdigit() or shown in ("-", "."):
            hint = "write numbers as 3, -3 or 0.5"
        raise _Fault(at, at + len(shown), f"expected a name here, got {quoted(shown)}", hint)

    def number(self, shown: str, at: int) -> int | float:
        value = float(shown)
        if abs(value) >= (math.inf if "." in shown else 1 << 63):
            raise _Fault(at, at + len(shown), "the number is too large", "write a number of at most 64 bits")
        return value if "." in shown else int(shown)

    def bracket(self, at: int) -> Expression:
        inner = self.nested(self.any_of)
        if not self.take(")"):
            raise _Fault(at, at + 1, "the bracket is not closed", "add ')'")
        return inner

    def nested(self, inner: _Rule) -> Expression:
        self.depth += 1
        if self.depth > NESTING:
            raise _Fault(self.start - 3, self.end + 2, f"more than {NESTING} brackets inside each other", "simplify it")
        found = inner()
        self.depth -= 1
        return found

    def reference(self, root: Name) -> Reference:
        names = []
        while self.take("."):
            kind, shown, at = self.tokens[self.at] if self.at < len(self.tokens) else ("", "", self.end)
            if not kind:
                raise _Fault(at, at + 2, "a name is missing behind the dot")
            if kind != "name":
                raise _Fault(at, at + len(shown), f"expected a name here, got {quoted(shown)}")
            names.append(Name(shown, at))
            self.at += 1
        return _checked(root, tuple(names))

    def take(self, sign: str) -> bool:
        """Pass over the sign when it comes next."""
        found = self.at < len(self.tokens) and self.tokens[self.at][:2] == ("sign", sign)
        self.at += found
        return found


_HINTED = {"input": "inputs", "node": "nodes", "items": "item", "secret": "secrets"}


def _checked(root: Name, names: tuple[Name, ...]) -> Reference:
    if root.text not in ROOTS:
        message = f"{quoted(root.text)} is nothing that an expression can start with"
        near = _HINTED.get(root.text)
        hint = f"did you mean '{near}'?" if near else nearest(root.text, ROOTS, what="it starts with one of")
        raise _Fault(root.start, root.end, message, hint)
    if root.text in ("inputs", "nodes", "secrets") and not names:
        message = f"'{root.text}' needs a name behind it"
        raise _Fault(root.start, root.end, message, f"write ${{{{ {root.text}.name }}}}")
    if root.text in ("inputs", "secrets") and len(names) > 1:
        message = f"the {root.text.removesuffix('s')} '{names[0].text}' has no fields"
        hint = f"write ${{{{ {root.text}.{names[0].text} }}}}"
        raise _Fault(names[1].start, names[1].end, message, hint)
    return Reference(root, names)


def texts(value: Data, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every text inside plain data with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts(inner, (*place, index))
