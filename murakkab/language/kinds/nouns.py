"""What a kind can be: a scalar, a list, an object or one of several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TypeAlias

from ..problems import nearest

Path = tuple[str | int, ...]


class KindError(ValueError):
    """A type, or a use of one, makes no sense.

    Attributes:
        message: what is wrong.
        hint: what to do; may be empty.
        path: keys and indexes from the type's root to the part that is wrong.

    """

    def __init__(self, message: str, hint: str = "", path: Path = ()) -> None:
        self.message, self.hint, self.path = message, hint, path
        super().__init__(f"{message}; {hint}" if hint else message)


@dataclass(frozen=True)
class Scalar:
    """One value or one file; ``name`` is one of ``SCALARS``."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class ListOf:
    """A list of items of one kind."""

    item: Kind

    def __str__(self) -> str:
        return f"list of ({self.item})" if isinstance(self.item, Union) else f"list of {self.item}"


@dataclass(frozen=True)
class Field:
    """A field of an object; an optional one may be missing or null."""

    name: str
    kind: Kind
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.name}{'?' if self.optional else ''}: {self.kind}"


@dataclass(frozen=True)
class Object:
    """Named fields; a value may have further ones. ``name`` is that of a declared type, for people."""

    fields: tuple[Field, ...] = ()
    name: str = attribute(default="", compare=False)

    def __str__(self) -> str:
        return self.name or "{" + ", ".join(map(str, self.fields)) + "}"

    def get(self, name: str) -> Field | None:
        """The field of that name, if there is one."""
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True)
class Union:
    """One of several kinds; make it with ``union``."""

    options: tuple[Kind, ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self.options)) or "nothing"


Kind: TypeAlias = Scalar | ListOf | Object | Union

FILES = ("document", "audio", "image", "video", "captions", "file")
"""Scalars that travel as ``pathlib.Path``; ``file`` is one of unknown content."""

SCALARS = ("text", "number", "integer", "boolean", *FILES, "json", "any", "null")

TEXT, NUMBER, INTEGER, BOOLEAN = (Scalar(name) for name in ("text", "number", "integer", "boolean"))
JSON, ANY, NULL, FILE = (Scalar(name) for name in ("json", "any", "null", "file"))


def union(kinds: Iterable[Kind]) -> Kind:
    """The kind of a value that is of one of ``kinds``: without repeats, null last, the only one as it is.

    The union of none is the kind of what an empty list holds: it fits everywhere.
    """
    options: dict[Kind, None] = {}
    for kind in kinds:
        options.update(dict.fromkeys(kind.options if isinstance(kind, Union) else (kind,)))
    if ANY in options:
        return ANY
    if NUMBER in options:
        options.pop(INTEGER, None)
    ordered = [kind for kind in options if kind != NULL] + [NULL] * (NULL in options)
    return ordered[0] if len(ordered) == 1 else Union(tuple(ordered))


def optional(kind: Kind) -> Kind:
    """The kind of a value that may also be null, for example that of a skipped step."""
    return union([kind, NULL])


def without_null(kind: Kind) -> Kind:
    """The kind of a value of ``kind`` that is not null; null itself stays."""
    if not isinstance(kind, Union):
        return kind
    return union(option for option in kind.options if option != NULL)


def has_files(kind: Kind) -> bool:
    """Whether a value of the kind may hold a file, as far as that is known."""
    match kind:
        case Scalar(name):
            return name in FILES
        case ListOf(item):
            return has_files(item)
        case Object(fields):
            return any(has_files(field.kind) for field in fields)
        case Union(options):
            return any(map(has_files, options))


def field(kind: Kind, name: str) -> Kind:
    """The kind of ``value.name`` for a value of ``kind``; a field of null is null.

    Raises:
        KindError: such a value has no such field; its message goes on from ``VALUE is``.
    """
    match kind:
        case Scalar("any" | "json" | "null"):
            return kind
        case Object():
            found = kind.get(name)
            if found is None:
                known = [one.name for one in kind.fields]
                raise KindError(f"{named(kind)}, which has no field '{name}'", nearest(name, known, what="fields"))
            return optional(found.kind) if found.optional else found.kind
        case Union(options):
            return union(field(option, name) for option in options)
        case ListOf():
            raise KindError(
                f"a list, which has no field '{name}'",
                "run a step over it with for_each, and read the field of the item",
            )
        case Scalar():
            raise KindError(f"{named(kind)}, which has no fields", "refer to the value itself")


def named(kind: Kind) -> str:
    """The kind as it stands in a sentence, for example ``a turn``."""
    match kind:
        case Scalar(name):
            return _WORDS.get(name, name)
        case ListOf(Object() as item):
            return f"a list of {item.name or 'object'}s"
        case ListOf(Scalar("any")):
            return "a list"
        case Object():
            article = "an" if kind.name[:1] in tuple("aeiou") else "a"
            return f"{article} {kind.name}" if kind.name else "an object"
        case Union(options):
            return " or ".join(map(named, options)) or "nothing"
    return f"a {kind}"


_WORDS = {
    "number": "a number",
    "integer": "an integer",
    "boolean": "a boolean",
    "document": "a document",
    "audio": "an audio file",
    "image": "an image",
    "video": "a video",
    "file": "a file",
}
