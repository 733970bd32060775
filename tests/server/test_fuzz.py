"""Requests that schemathesis makes up from the OpenAPI document, sent to the real server: none may break it.

What stands in is the engine only; its runs are finished within a blink.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from murakkab.server.endpoints import ENDPOINTS
from tests.server.hosting import Hosted, hosted

QUICK, LONG = 8, 400
"""Requests of each kind."""

NO_NUMBERS = ["9" * 20, "9" * 5000, "-1", "1e3", "0x1", "+1", "NaN", "1_000"]
"""Texts that are no numbers, or too large ones."""


@pytest.fixture(scope="module")
def runs(server: Hosted) -> list[str]:
    """A run that has ended and one that has failed to end."""
    made = [server.start("Cats"), server.start("Dogs")]
    with server.client() as client:
        client.get(f"/api/runs/{made[0]}/events")
        client.post(f"/api/runs/{made[1]}/cancel")
    return made


@pytest.fixture(scope="module")
def operations(server: Hosted) -> list[Any]:
    load_all_checks()
    schema = schemathesis.openapi.from_url(f"{server.address}/api/openapi.json")
    return [schema[endpoint.path][endpoint.method] for endpoint in ENDPOINTS]


def send_many(operations: list[Any], runs: list[str], place: int, mode: GenerationMode, count: int) -> None:
    endpoint, operation = ENDPOINTS[place], operations[place]
    # What a workflow takes as its inputs, and how long a file is, is not in the document.
    unchecked = [positive_data_acceptance] if endpoint.body or 416 in endpoint.refusals else []

    @settings(max_examples=count, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode), st.sampled_from([None, *runs]), st.booleans())
    def send(case: Any, run: str | None, known: bool) -> None:
        mended = run is not None and "run" in case.path_parameters
        if mended:
            case.path_parameters["run"] = run
        if known and isinstance(case.body, dict) and isinstance(case.body.get("workflow"), str):
            case.body["workflow"] = "podcast"
        case.call_and_validate(
            timeout=30, excluded_checks=[*unchecked, negative_data_rejection] if mended else unchecked
        )

    send()


CASES = [
    pytest.param(place, mode, id=f"{endpoint.handler.__name__}-{mode.value}")
    for place, endpoint in enumerate(ENDPOINTS)
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or endpoint.parameters or endpoint.body
]


@pytest.mark.parametrize(("place", "mode"), CASES)
def test_answers_as_the_document_says(operations: list[Any], runs: list[str], place: int, mode: GenerationMode) -> None:
    send_many(operations, runs, place, mode, QUICK)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("place", "mode"), CASES)
def test_answers_so_to_many(operations: list[Any], runs: list[str], place: int, mode: GenerationMode) -> None:
    send_many(operations, runs, place, mode, LONG)


def test_no_request_is_answered_without_the_token(tmp_path: Path, scratch: Path) -> None:
    token = "a-token-for-tests"
    with hosted(tmp_path, scratch, token=token) as closed:
        friend = {"authorization": f"Bearer {token}"}
        schema = schemathesis.openapi.from_url(f"{closed.address}/api/openapi.json", headers=friend)
        for endpoint in ENDPOINTS:
            refuse_strangers(schema[endpoint.path][endpoint.method], friend)


def refuse_strangers(operation: Any, friend: dict[str, str]) -> None:
    @settings(max_examples=2, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def send(case: Any) -> None:
        assert case.call(headers=friend, timeout=30).status_code != 401
        answer = case.call(timeout=30)
        assert answer.status_code == 401
        case.validate_response(answer, excluded_checks=[positive_data_acceptance])

    send()


@pytest.mark.parametrize("text", NO_NUMBERS, ids=lambda text: text[:8])
def test_what_is_no_number_is_a_bad_request(server: Hosted, runs: list[str], text: str) -> None:
    run = runs[0]
    with server.client() as client:
        assert client.get(f"/api/runs/{run}/events", headers={"last-event-id": text}).status_code in (200, 400)
        for address in (f"/api/runs/{run}/events?after=", f"/runs/{run}/hls/video.m3u8?_HLS_msn="):
            assert client.get(address + quote(text)).status_code == 400
        assert client.get(f"/runs/{run}/outputs/{quote(text)}/speech.wav").status_code == 404
        whole = client.get(f"/runs/{run}/episode.mp4", headers={"range": f"bytes=0-{text}"})
        assert whole.status_code in (206, 400)
        body = f'{{"workflow": "podcast", "seed": {text}}}'
        asked = client.post("/api/runs", content=body, headers={"content-type": "application/json"})
        assert asked.status_code == (201 if text == "-1" else 400)
        form = client.post(
            "/api/runs", data={"workflow": "podcast", "seed": text}, files={"source": ("a.txt", b"Cats.")}
        )
        assert form.status_code == (201 if text == "-1" else 400)


@pytest.mark.parametrize("text", [*NO_NUMBERS, "\u00b2"], ids=lambda text: text[:8])
def test_a_content_length_that_is_no_number_is_a_bad_request(server: Hosted, text: str) -> None:
    host, port = server.address.removeprefix("http://").split(":")
    head = f"POST /api/runs HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {text}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request.encode("latin-1"))
        status = connection.recv(100).split(b" ")[1]
    assert status in (b"400", b"413")


BROKEN = [
    b"",
    b"[" * 100_000,
    b'{"workflow": "podcast", "inputs": {"topic": "\\ud800"}}',
    b'{"workflow": "podcast", "inputs": {"topic": "\xff"}}',
    b'{"workflow": "podcast", "inputs": {"duration": NaN}}',
    b'{"workflow": "podcast", "inputs": {"duration": 1e999}}',
    b'{"workflow": "podcast", "inputs": {"duration": ' + b"9" * 5000 + b"}}",
    b'{"workflow": "podcast", "surprise": 1}',
    b'{"inputs": {}}',
]


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: body[-24:].decode("latin-1"))
def test_json_that_does_not_fit_is_a_bad_request(server: Hosted, runs: list[str], body: bytes) -> None:
    headers = {"content-type": "application/json"}
    with server.client() as client:
        for address in ("/api/runs", f"/api/runs/{runs[0]}/playback"):
            answer = client.post(address, content=body, headers=headers)
            assert answer.status_code == 400
            assert answer.json()["error"]


FORMS = [b"", b"--b", b"--b\r\n\r\n", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", b"\0" * 5000]


@pytest.mark.parametrize("body", FORMS, ids=range(len(FORMS)))
@pytest.mark.parametrize("boundary", ["; boundary=b", "", "; boundary=", "; charset=nonsense; boundary=b"])
def test_a_form_that_is_none_is_a_bad_request(server: Hosted, body: bytes, boundary: str) -> None:
    headers = {"content-type": f"multipart/form-data{boundary}"}
    with server.client() as client:
        assert client.post("/api/runs", content=body, headers=headers).status_code == 400


def test_a_sender_that_goes_away_is_no_fault_of_the_server(
    tmp_path: Path, scratch: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with hosted(tmp_path, scratch) as running:
        host, port = running.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            head = f"POST /api/runs HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        with running.client() as client:
            assert client.get("/api/runs").json() == {"runs": []}
    assert "Traceback" not in capfd.readouterr().err
