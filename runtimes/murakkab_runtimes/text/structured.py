"""Answers that are JSON of a given shape, from models that are bounded to it and from models that are only asked."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any, NoReturn

from murakkab_runtimes.base import InputError, RuntimeFault
from murakkab_runtimes.text.model import LanguageModel, Message, Request

Schema = dict[str, Any]

ATTEMPTS = 3
"""Answers that a small model may try; one that repeats itself is cut off and no JSON."""

MOST_CHARACTERS, MOST_ITEMS = 400, 8
"""Limits of texts and lists for which the schema sets none: a small model finds no end by itself."""


class Unfit(Exception):
    """The answer is not what the schema asks for; the message says how."""


def answer(model: LanguageModel, request: Request, schema: Schema) -> Any:  # noqa: ANN401 - any JSON
    """Return the model's answer as JSON that fits ``schema``.

    A model with ``bounded`` writes nothing else, but may be cut off: then it is asked again with another seed. Another
    model is shown once what was wrong.

    Raises:
        InputError: the schema is no JSON Schema.
        RuntimeFault: no answer fitted.
    """
    _check(schema)
    told = "JSON was wanted"
    characters = max(20, min(MOST_CHARACTERS, request.max_tokens * 3 // max(1, _texts(schema))))
    for attempt in range(ATTEMPTS if model.bounded else 2):
        asked = _asked(request, schema if not model.bounded else limited(schema, characters), attempt)
        text = model.complete(asked).text
        try:
            return parse(text, schema)
        except Unfit as fault:
            told = str(fault)
        if not model.bounded:
            request = _corrected(request, text, told)
    raise RuntimeFault(f"the model's answer does not fit 'returns' ({told}); ask for less, or use a larger model")


def _asked(request: Request, schema: Schema, attempt: int) -> Request:
    return dataclasses.replace(request, schema=schema, seed=request.seed + attempt)


def _corrected(request: Request, text: str, told: str) -> Request:
    more: tuple[Message, ...] = (
        {"role": "assistant", "content": text[:4000]},
        {"role": "user", "content": f"This cannot be used: {told}. Answer again, with the JSON object only."},
    )
    return dataclasses.replace(request, messages=(*request.messages, *more))


def parse(text: str, schema: Schema) -> Any:  # noqa: ANN401 - any JSON
    """Read the JSON in ``text``: alone, in a code fence or among words.

    Raises:
        Unfit: there is none, or it does not fit ``schema``.
    """
    import jsonschema  # type: ignore[import-untyped]

    try:
        found = _json(text)
        jsonschema.validate(found, schema)
    except jsonschema.ValidationError as fault:
        where = ".".join(str(part) for part in fault.absolute_path)
        raise Unfit((f"{where}: " if where else "") + fault.message[:200]) from None
    return found


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON
    candidates = (text, *re.findall(r"```(?:json)?\s*(.*?)```", text, re.S), *re.findall(r"\{.*\}|\[.*\]", text, re.S))
    for candidate in candidates:
        try:
            return json.loads(candidate, parse_constant=_refuse, parse_float=_finite)
        except (ValueError, RecursionError):
            continue
    raise Unfit("it holds no whole JSON")


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(digits)
    return number


def _check(schema: Schema) -> None:
    import jsonschema

    try:
        jsonschema.validators.validator_for(schema).check_schema(schema)
    except jsonschema.SchemaError as fault:
        raise InputError(f"'returns' is no JSON Schema: {fault.message[:200]}") from None


def _texts(schema: Any) -> int:  # noqa: ANN401 - a schema or a part of it
    """How many texts a schema names."""
    if isinstance(schema, list):
        return sum(map(_texts, schema))
    if not isinstance(schema, dict):
        return 0
    return (schema.get("type") == "string") + sum(map(_texts, schema.values()))


def limited(schema: Any, characters: int = MOST_CHARACTERS) -> Any:  # noqa: ANN401 - a schema or a part of it
    """``schema`` in which every text and list has an end, and no object has fields that are not named."""
    if isinstance(schema, list):
        return [limited(part, characters) for part in schema]
    if not isinstance(schema, dict):
        return schema
    limits: Schema = {}
    if schema.get("type") == "string" and not {"enum", "const", "pattern", "format"} & schema.keys():
        limits = {"maxLength": characters}
    elif schema.get("type") == "array":
        limits = {"maxItems": max(MOST_ITEMS, int(schema.get("minItems", 0)))}
    elif schema.get("type") == "object" and "properties" in schema:
        limits = {"additionalProperties": False}
    return limits | {key: limited(value, characters) for key, value in schema.items()}


def shape(schema: Any) -> str:  # noqa: ANN401 - a schema or a part of it
    """The schema in few words, as a prompt tells it: ``{"answer": number, "steps": [text]}``."""
    if not isinstance(schema, dict):
        return "any JSON"
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    if schema.get("type") == "object" and "properties" in schema:
        inner = ", ".join(f'"{name}": {shape(part)}' for name, part in schema["properties"].items())
        return "{" + inner + "}"
    if schema.get("type") == "array":
        return f"[{shape(schema.get('items'))}, ...]"
    names = {"string": "text", "boolean": "true or false", "integer": "whole number"}
    kind = str(schema.get("type", "any JSON"))
    return names.get(kind, kind)
