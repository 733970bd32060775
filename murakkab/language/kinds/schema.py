"""Kinds as JSON Schema and back: for answers of language models, editors, and functions typed by pydantic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .nouns import (
    ANY,
    BOOLEAN,
    FILES,
    INTEGER,
    JSON,
    NULL,
    NUMBER,
    TEXT,
    Field,
    Kind,
    ListOf,
    Object,
    Scalar,
    Union,
    has_files,
    optional,
    union,
    without_null,
)

MARK = "x-kind"
"""Key of a schema that says which kind is meant where JSON Schema has no word for it."""

_TYPES = {"string": TEXT, "number": NUMBER, "integer": INTEGER, "boolean": BOOLEAN, "null": NULL}
_NAMES = {kind: name for name, kind in _TYPES.items()}

Schema = dict[str, Any]


def json_schema(kind: Kind, *, closed: bool = False) -> Schema:
    """The JSON Schema of a kind.

    Args:
        kind: what is to be described; a file becomes a path.
        closed: refuse fields that the kind does not name, as servers of language models want it.
    """
    match kind:
        case Scalar("any"):
            return {}
        case Scalar("json"):
            return {MARK: "json"}
        case Scalar("file"):
            return {"type": "string", "format": "path"}
        case Scalar(name) if name in FILES:
            return {"type": "string", "format": "path", MARK: name}
        case Scalar():
            return {"type": _NAMES[kind]}
        case ListOf(item):
            return {"type": "array", "items": json_schema(item, closed=closed)}
        case Union(options):
            return {"anyOf": [json_schema(option, closed=closed) for option in options]} if options else {"not": {}}
        case Object():
            return _object_schema(kind, closed)


def _object_schema(kind: Object, closed: bool) -> Schema:
    properties = {
        field.name: json_schema(optional(field.kind) if field.optional else field.kind, closed=closed)
        for field in kind.fields
    }
    required = [field.name for field in kind.fields if not field.optional]
    schema: Schema = {"type": "object", "properties": properties, "required": required}
    if kind.name:
        schema["title"] = kind.name
    if closed:
        schema["additionalProperties"] = False
    return schema


def from_json_schema(schema: Schema) -> Kind:
    """The kind that a JSON Schema describes, for example one that pydantic made.

    What the notation cannot say (patterns, ranges, choices) is left out; what cannot be resolved is ``any``.
    """
    return _Reader(schema).read(schema)


class _Reader:
    """Reads one schema; ``root`` holds the definitions that it refers to, ``inside`` those that are being read."""

    def __init__(self, root: Schema, inside: tuple[str, ...] = ()) -> None:
        self.root, self.inside = root, inside

    def read(self, schema: Any) -> Kind:  # noqa: ANN401
        if not isinstance(schema, Mapping):
            return ANY
        match schema:
            case {"x-kind": "json"}:
                return JSON
            case {"x-kind": str(name)} if name in FILES:
                return Scalar(name)
            case {"$ref": str(reference)}:
                return self._referred(reference)
            case {"anyOf": list(options)} | {"oneOf": list(options)}:
                return union(self.read(option) for option in options)
            case {"allOf": [only]}:
                return self.read(only)
            case {"const": value}:
                return _of_values([value])
            case {"enum": list(values)}:
                return _of_values(values)
            case {"not": {}} if len(schema) == 1 and not schema["not"]:
                return union([])
            case {"type": list(names)}:
                return union(self.read({**schema, "type": name}) for name in names)
        return self._typed(schema)

    def _typed(self, schema: Mapping[str, Any]) -> Kind:
        match schema.get("type"):
            case "string" if schema.get("format") in ("path", "file-path"):
                return Scalar("file")
            case "array":
                return self._array(schema)
            case "object":
                return self._object(schema)
            case str(name) if name in _TYPES:
                return _TYPES[name]
        return ANY

    def _array(self, schema: Mapping[str, Any]) -> Kind:
        if first := schema.get("prefixItems"):
            return ListOf(union(self.read(item) for item in first))
        return ListOf(self.read(schema.get("items", {})))

    def _object(self, schema: Mapping[str, Any]) -> Kind:
        properties = schema.get("properties")
        if properties is None and schema.get("additionalProperties") is not False:
            values = self.read(schema.get("additionalProperties", {}))
            return ANY if values == ANY or has_files(values) else JSON
        required = schema.get("required", ())
        fields = []
        for name, data in (properties or {}).items():
            kind = self.read(data)
            fields.append(Field(name, kind) if name in required else Field(name, without_null(kind), True))
        return Object(tuple(fields), str(schema.get("title", "")))

    def _referred(self, reference: str) -> Kind:
        """What ``#/$defs/Name`` stands for; nothing is fetched from elsewhere, and what holds itself is ``any``."""
        if reference in self.inside:
            return ANY
        found: Any = self.root
        for key in reference.removeprefix("#/").split("/"):
            found = found.get(key) if isinstance(found, Mapping) else None
        return _Reader(self.root, (*self.inside, reference)).read(found)


def _of_values(values: list[Any]) -> Kind:
    from .fit import kind_of

    return union(map(kind_of, values))
