"""The OpenAPI 3.1 document of the server, made from its endpoints and the shapes of what they read and write.

``python -m murakkab.server`` prints it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from murakkab import __version__
from murakkab.server.endpoints import ENDPOINTS, JSON, Answer, Endpoint, Parameter
from murakkab.server.security import COOKIE, QUERY
from murakkab.server.shapes import Fault, Started

REFUSALS = {
    400: "the request cannot be read, or does not fit",
    401: "the token is missing or wrong",
    403: "the request comes from another web site, or under a foreign name",
    404: "there is no such thing",
    405: "the path takes other methods",
    409: "the run is not in a state for that",
    413: "the request is too large",
    415: "the body is of another type",
    416: "the file has no such part",
    429: "the server receives or makes as much as it may; ask again",
    503: "there is nothing to play yet; ask again",
}
"""What each refusal means."""

ALWAYS = (401, 403, 405)
"""Refusals that any request can get."""

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "query": {"type": "apiKey", "in": "query", "name": QUERY},
    "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}
"""How a token is brought."""

_REFERENCE = "#/components/schemas/{name}"


def document(*, asks_for_token: bool = False) -> dict[str, Any]:
    """The document as JSON.

    Args:
        asks_for_token: whether the server serves only those who bring its token.
    """
    types = list(dict.fromkeys([Fault, *(kind for endpoint in ENDPOINTS for kind in _types(endpoint))]))
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    known = dict(zip(types, schemas, strict=True))
    paths: dict[str, Any] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, known)
    needed: list[dict[str, list[str]]] = [{name: []} for name in SCHEMES]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Murakkab",
            "version": __version__,
            "description": "Runs of workflows, their events, their video and what they leave. See docs/api.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": needed if asks_for_token else [{}, *needed],
        "paths": paths,
        "components": {"schemas": _plain(components), "securitySchemes": SCHEMES},
    }


def _types(endpoint: Endpoint) -> Iterator[Any]:
    yield from (parameter.type for parameter in endpoint.parameters)
    yield from endpoint.body.values()
    for answer in endpoint.answers.values():
        yield from (kind for kind in answer.content.values() if kind is not None)


def _operation(endpoint: Endpoint, known: dict[Any, Any]) -> dict[str, Any]:
    answers = {str(status): _answer(answer, known) for status, answer in endpoint.answers.items()}
    refusals = {str(status): _refusal(status, known) for status in sorted({*ALWAYS, *endpoint.refusals})}
    told: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": (inspect.getdoc(endpoint.handler) or "").partition("\n")[0],
        "parameters": [_parameter(parameter, known) for parameter in endpoint.parameters],
        "responses": answers | refusals,
    }
    if endpoint.body:
        told["requestBody"] = {"required": True, "content": _content(endpoint.body, known)}
    return told


def _parameter(parameter: Parameter, known: dict[Any, Any]) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": _plain(known[parameter.type]),
    }


def _answer(answer: Answer, known: dict[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answer.description}
    if answer.content:
        told["content"] = _content(answer.content, known)
    if Started in answer.content.values():
        told["links"] = {endpoint.handler.__name__: _link(endpoint) for endpoint in ENDPOINTS if _is_of_run(endpoint)}
    return told


def _is_of_run(endpoint: Endpoint) -> bool:
    return [one.name for one in endpoint.parameters if one.required] == ["run"]


def _link(endpoint: Endpoint) -> dict[str, Any]:
    return {"operationId": endpoint.handler.__name__, "parameters": {"run": "$response.body#/run"}}


def _refusal(status: int, known: dict[Any, Any]) -> dict[str, Any]:
    content = {"text/plain": {}} if status == 416 else {JSON: {"schema": known[Fault]}}
    return {"description": REFUSALS[status], "content": content}


def _content(content: Mapping[str, Any], known: dict[Any, Any]) -> dict[str, Any]:
    return {media: {} if kind is None else {"schema": _plain(known[kind])} for media, kind in content.items()}


def _plain(schema: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """The schema with descriptions on one line a paragraph and without the Sphinx marks of docstrings."""
    if isinstance(schema, list):
        return [_plain(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: _plain(inner) for name, inner in schema.items()}
    if isinstance(told.get("description"), str):
        told["description"] = _unwrapped(told["description"])
    return told


def _unwrapped(text: str) -> str:
    paragraphs = re.split(r"\n\s*\n", text.replace("``", "`"))
    return "\n\n".join(re.sub(r"\s*\n\s*", " ", paragraph).strip() for paragraph in paragraphs)
