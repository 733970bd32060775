"""The document of the API: made from the code, kept in the docs, true of the routes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
import schemathesis
from jsonschema import Draft202012Validator

from murakkab.server.endpoints import ENDPOINTS
from murakkab.server.openapi import document
from tests.server.hosting import Hosted

KEPT = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_kept_document_is_that_of_the_code() -> None:
    told = "run: python -m murakkab.server > docs/openapi.json"
    assert json.loads(KEPT.read_text(encoding="utf-8")) == document(), told


def test_the_server_serves_it(server: Hosted) -> None:
    assert httpx.get(f"{server.address}/api/openapi.json", timeout=10).json() == document()


def test_a_server_with_a_token_says_that_it_is_needed() -> None:
    assert {} in document()["security"]
    assert {} not in document(asks_for_token=True)["security"]


def test_it_is_openapi_3_1() -> None:
    schemathesis.openapi.from_dict(document(asks_for_token=True)).validate()


def test_its_schemas_are_json_schema_and_all_that_it_refers_to_is_there() -> None:
    told = document()
    for schema in told["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    named = set(told["components"]["schemas"])
    text = json.dumps(told)
    referred = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert referred == named


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.handler.__name__)
def test_every_path_says_which_methods_it_takes(server: Hosted, endpoint) -> None:
    path = endpoint.path.format(run="none", file="none", number=0)
    answer = httpx.delete(f"{server.address}{path}", timeout=10)
    assert answer.status_code == 405
    assert endpoint.method in answer.headers["allow"]
    assert answer.json()["error"]
    assert len(endpoint.handler.__doc__.splitlines()[0]) > 10


def test_the_names_of_parameters_are_those_of_the_path() -> None:
    for endpoint in ENDPOINTS:
        named = {one.name for one in endpoint.parameters if one.place == "path"}
        assert {f"{{{name}}}" for name in named} == {part for part in endpoint.path.split("/") if part[:1] == "{"}


def test_the_docs_name_every_request_and_every_event() -> None:
    text = (KEPT.parent / "api.md").read_text(encoding="utf-8")
    places = {"run": "RUN", "file": "FILE", "number": "NUMBER"}
    for endpoint in ENDPOINTS:
        path = endpoint.path.format(**places).replace("hls/FILE", "hls/main.m3u8")
        assert f"`{endpoint.method} {path}`" in text
    sources = [file.read_text(encoding="utf-8") for file in (KEPT.parents[1] / "murakkab" / "engine").glob("*.py")]
    events = {name for source in sources for name in re.findall(r'feed\.send\(\s*"([a-z._]+)"', source)}
    assert len(events) > 10
    assert {name for name in events if f"`{name}`" not in text} == set()
