"""Types of what flows between steps.

The notation (in ``returns:`` of a workflow and in the catalogue)::

    text number integer boolean    one value
    document audio image video captions    a file of that sort; file: a file of any sort
    json    any value without files; any: any value; null: nothing
    [turn]    a list
    {text: text, "note?": text}    an object; a field with ? may be missing or null
    audio | video    one or the other
    text?    a text or null
    turn    a type that the catalogue declares

``parse_kind`` reads it, ``accepts`` says whether a value of one kind fits where another is wanted.
"""

from .fit import accepts, kind_of
from .notation import parse_kind
from .nouns import (
    ANY,
    BOOLEAN,
    FILES,
    INTEGER,
    JSON,
    NULL,
    NUMBER,
    SCALARS,
    TEXT,
    Field,
    Kind,
    KindError,
    ListOf,
    Object,
    Scalar,
    Union,
    field,
    has_files,
    optional,
    union,
)
from .schema import from_json_schema, json_schema
from .signature import UNKNOWN, Signature, signature

__all__ = [
    "ANY",
    "BOOLEAN",
    "FILES",
    "INTEGER",
    "JSON",
    "NULL",
    "NUMBER",
    "SCALARS",
    "TEXT",
    "UNKNOWN",
    "Field",
    "Kind",
    "KindError",
    "ListOf",
    "Object",
    "Scalar",
    "Signature",
    "Union",
    "accepts",
    "field",
    "from_json_schema",
    "has_files",
    "json_schema",
    "kind_of",
    "optional",
    "parse_kind",
    "signature",
    "union",
]
