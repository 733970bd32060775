"""Any server that speaks OpenAI's chat-completions protocol: a hosted one, vLLM, llama.cpp, Ollama, ...

``MURAKKAB_LLM_URL`` (or the knob ``url``) says where, ``MURAKKAB_LLM_MODEL`` which model (else the first one that the
server lists) and ``MURAKKAB_LLM_KEY`` holds the key, which is sent to that server only and never logged or stored.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import RuntimeFault, Unavailable
from murakkab_runtimes.text.model import Completion, Heard, LanguageModel, Request

URL, MODEL, KEY = "MURAKKAB_LLM_URL", "MURAKKAB_LLM_MODEL", "MURAKKAB_LLM_KEY"
TRIES = 3
BACK_OFF_S = 0.5
LONGEST_WAIT_S = 5.0
CONNECT_S, SILENCE_S = 5.0, 60.0
"""Seconds to wait for a connection, and for the next piece of an answer."""
ANSWER_S = 300.0
"""Seconds that one answer may take as a whole."""
ANSWER_SIZE = 4_000_000
"""Characters that one answer may have as it is sent."""

T = TypeVar("T")

_THOUGHT = re.compile(r"<think>.*?(?:</think>|$)", re.S)


class Busy(Exception):
    """The server asks to come back later; ``wait`` in seconds."""

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message)
        self.wait = wait


class OpenAI(LanguageModel):
    """A client of one server; needs no memory and no threads of this machine to speak of."""

    bounded = False
    loaded_with = ("url", "model")

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        self._base = server_address(os.environ.get(URL) or str(card.knobs.get("url") or card.options.get("url") or ""))
        key = os.environ.get(KEY)
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(SILENCE_S, connect=CONNECT_S),
        )
        self._model = os.environ.get(MODEL) or str(card.knobs.get("model") or "")
        self._formats = ["json_schema", "json_object", "text"]

    @property
    def model(self) -> str:
        """Name of the model; asked of the server where none was given."""
        if not self._model:
            response = self._retried(lambda: self._checked(self._client.get(f"{self._base}/models")))
            listed = [str(entry.get("id", "")) for entry in _field(response, "data") or [] if isinstance(entry, dict)]
            if not listed:
                raise Unavailable(f"the server at {self._base} lists no model; name one in {MODEL}")
            self._model = listed[0]
        return self._model

    def complete(self, request: Request, heard: Heard | None = None) -> Completion:
        """Answer one request; a schema is passed on in the strictest form that the server takes.

        Raises:
            RuntimeFault: the server failed, or took longer than ``ANSWER_S``; no second try where some was heard.
        """
        body: dict[str, Any] = {
            "model": self.model,
            "messages": list(request.messages),
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed % 2**31,
            "stream": True,
        }
        if request.stop:
            body["stop"] = list(request.stop)
        if request.schema is None:
            return self._retried(lambda: self._ask(body, heard))
        while True:
            try:
                return self._retried(lambda: self._ask(body | self._format(request.schema), heard))
            except Refused:
                if len(self._formats) == 1:
                    raise
                self._formats.pop(0)

    def _format(self, schema: dict[str, Any] | None) -> dict[str, Any]:
        kind = self._formats[0]
        if kind == "json_schema":
            return {
                "response_format": {"type": kind, "json_schema": {"name": "answer", "strict": True, "schema": schema}}
            }
        return {"response_format": {"type": kind}} if kind == "json_object" else {}

    def _ask(self, body: dict[str, Any], heard: Heard | None) -> Completion:
        text, finished = "", False
        try:
            with self._client.stream("POST", f"{self._base}/chat/completions", json=body) as response:
                if response.status_code != httpx.codes.OK:
                    response.read()
                    self._checked(response)
                for choice in _choices(_lines(response)):
                    self.alive()
                    text += str((choice.get("delta") or choice.get("message") or {}).get("content") or "")
                    if heard is not None:
                        heard(_THOUGHT.sub("", text).strip())
                    finished = finished or choice.get("finish_reason") == "stop"
        except httpx.HTTPError as fault:
            if heard is None or not text:
                raise
            raise RuntimeFault(f"the server at {self._base} broke off ({type(fault).__name__}); try again") from None
        return Completion(_THOUGHT.sub("", text).strip(), finished)

    def _checked(self, response: httpx.Response) -> httpx.Response:
        """Return a good response; raise what a person can act on otherwise."""
        code = response.status_code
        if code == httpx.codes.OK:
            return response
        said = _message(response)
        if code in (401, 403):
            raise Unavailable(f"the server at {self._base} refused the key ({code}); set {KEY} to a valid one")
        if code == 404:
            named = f"the model '{self._model}' or the path" if self._model else "the path"
            raise Unavailable(
                f"the server at {self._base} does not know {named} (404: {said}); check {MODEL} and --llm ({URL})"
            )
        if code == 429 or code >= 500:
            raise Busy(f"the server at {self._base} answered {code}: {said}", _wait(response))
        raise Refused(f"the server at {self._base} refused the request ({code}): {said}")

    def _retried(self, call: Callable[[], T]) -> T:
        """Call until it succeeds, at most ``TRIES`` times; wait in between as long as the server asks for."""
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                return call()
            except Busy as fault:
                if last:
                    raise RuntimeFault(f"{fault}; tried {TRIES} times, try again later") from None
                time.sleep(max(fault.wait, BACK_OFF_S * 2**attempt))
            except httpx.ConnectError as fault:
                if last:
                    raise Unavailable(
                        f"no server answers at {self._base} ({fault}); check --llm ({URL}), start it"
                    ) from None
                time.sleep(BACK_OFF_S * 2**attempt)
            except httpx.HTTPError as fault:
                if last:
                    name = type(fault).__name__
                    raise RuntimeFault(f"the server at {self._base} broke off ({name}: {fault}); try again") from None
                time.sleep(BACK_OFF_S * 2**attempt)
        raise AssertionError("unreachable")

    def warm(self) -> None:
        """Ask which models there are, which also opens the connection."""
        if not self.model:
            raise Unavailable(f"name a model in {MODEL}")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class Refused(RuntimeFault):
    """The server does not take the request as it is."""

    retry = False


def server_address(url: str) -> str:
    """Return the address up to and with ``/v1``, without credentials.

    Raises:
        Unavailable: there is none, or it is no http address.
    """
    if not url:
        raise Unavailable(f"no language-model server is set; set {URL}, for example http://127.0.0.1:11434/v1")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unavailable(f"{URL} is no http address; write for example http://127.0.0.1:11434/v1")
    host = parts.netloc.rpartition("@")[2]
    path = parts.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return f"{parts.scheme}://{host}{path or '/v1'}"


def _lines(response: httpx.Response) -> Iterator[str]:
    """Lines of a response that may take ``ANSWER_S`` and ``ANSWER_SIZE`` in all, however slowly they come."""
    end = time.monotonic() + ANSWER_S
    size, rest = 0, ""
    for piece in response.iter_text():
        size += len(piece)
        if time.monotonic() > end or size > ANSWER_SIZE:
            limit = f"{ANSWER_S:g} s" if size <= ANSWER_SIZE else f"{ANSWER_SIZE} characters"
            raise RuntimeFault(f"the server's answer was longer than {limit}; ask for less or try again")
        *lines, rest = (rest + piece).split("\n")
        yield from lines
    yield rest


def _choices(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """First choices of a streamed answer, or of a whole one from a server that does not stream."""
    for line in lines:
        data = line.removeprefix("data:").strip()
        if not data.startswith("{"):
            continue
        try:
            event = json.loads(data)
        except ValueError:
            raise RuntimeFault(f"the server's answer cannot be read: {data[:80]}") from None
        if event.get("error"):
            raise RuntimeFault(f"the server broke off: {str(event['error'])[:200]}")
        yield from (event.get("choices") or [])[:1]


def _field(response: httpx.Response, name: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        body = response.json()
    except ValueError:
        return None
    return body.get(name) if isinstance(body, dict) else None


def _message(response: httpx.Response) -> str:
    error = _field(response, "error")
    text = error.get("message") if isinstance(error, dict) else error
    return " ".join(str(text or response.reason_phrase or "no reason given").split())[:200]


def _wait(response: httpx.Response) -> float:
    asked = response.headers.get("retry-after", "")
    return min(LONGEST_WAIT_S, float(asked)) if re.fullmatch(r"\d+(?:\.\d+)?", asked) else 0.0
