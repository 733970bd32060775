"""Language models by Hugging Face transformers, in this process: a folder of safetensors, or a GGUF file of a package.

For many users at once a server such as vLLM does better (adapter ``openai``); this one needs none.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError
from murakkab_runtimes.hub.device import limit_threads, pick_device
from murakkab_runtimes.hub.loading import arguments, library, placed
from murakkab_runtimes.hub.memory import Meter
from murakkab_runtimes.hub.settings import LOADED_WITH, Settings, check_device, read_settings
from murakkab_runtimes.hub.weights import weights_folder
from murakkab_runtimes.text.guided import Guide
from murakkab_runtimes.text.model import Completion, Heard, LanguageModel, Request

THOUGHT = "\n</think>\n\n"
"""How models that think end their thought."""

MIN_P = 0.05
"""Tokens that are less likely than this share of the likeliest one are never chosen."""


class Transformers(LanguageModel):
    """A causal language model.

    Options of the card: ``bounded`` (a small model: the program owns outline and questions, a grammar the form);
    ``template``, arguments of the model's chat template; ``thought_tokens``, of a model that thinks before it answers:
    how many more it may take for that (where the answer's form is bounded, it answers at once); and for a GGUF file of
    a package ``package`` and ``file``. Knobs: those of ``hub.settings``.

    Raises:
        Unavailable: a package or the weights are missing.
        InputError: a knob has a value that it cannot have.
    """

    loaded_with = LOADED_WITH

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        limit_threads(threads)
        self.bounded = bool(card.options.get("bounded", False))
        self._thought = int(card.options.get("thought_tokens", 0))
        self._device = pick_device()
        self.meter: Meter = Meter(self._device)
        with self.meter.loading(card.name):
            self._tokenizer, self._model = _loaded(card, read_settings(card.knobs), self._device)
        self._guide: Guide | None = None

    @property
    def peak_mb(self) -> int:
        """MiB of the device that the model took at most since the last task began."""
        return self.meter.peak_mb

    def complete(self, request: Request, heard: Heard | None = None) -> Completion:
        """Answer one request, token by token.

        Raises:
            InputError: the schema or the grammar cannot be used, or the chat has no place in the model's context.
            OutOfMemory: it does not fit into the device.
        """
        return self._written([request], self._follower(request, heard))[0]

    def complete_all(self, requests: list[Request]) -> list[Completion]:
        """Answer requests in one batch; all but their chats are as in the first one.

        Raises:
            ValueError: several are to be bounded by a grammar or a schema.
        """
        first = requests[0]
        if len(requests) > 1 and (first.grammar, first.schema) != (None, None):
            raise ValueError("only one request at a time can be bounded")
        return self._written(requests, _Beats(self.alive))

    def _written(self, requests: list[Request], streamer: _Follower | _Beats) -> list[Completion]:
        import torch

        first = requests[0]
        chats = self._tokenizer([self._chat(request) for request in requests], **_TOKENS).to(self._device)
        length = chats["input_ids"].shape[1]
        self._check_length(length + self._most(first))
        torch.manual_seed(first.seed)
        with self.meter.working(self.card.name), torch.inference_mode():
            made = self._model.generate(**chats, **self._wishes(first), streamer=streamer)
        return [self._completion(row[length:], request) for row, request in zip(made, requests, strict=True)]

    def _chat(self, request: Request) -> str:
        """The chat as the model was taught to read it, up to the answer's beginning."""
        try:
            chat = self._tokenizer.apply_chat_template(
                list(request.messages),
                tokenize=False,
                add_generation_prompt=True,
                **self.card.options.get("template", {}),
            )
        except ValueError as fault:
            raise InputError(f"{self.card.name} cannot hold a chat: {fault}") from None
        return str(chat) + (THOUGHT if self._thought and not self._thinks(request) else "") + request.prefill

    def _thinks(self, request: Request) -> bool:
        bounds = (request.prefill, request.grammar, request.schema, request.stop)
        return self._thought > 0 and not any(bounds)

    def _most(self, request: Request) -> int:
        """Tokens of an answer, with the thought before it."""
        return request.max_tokens + (self._thought if self._thinks(request) else 0)

    def _said(self, text: str, request: Request) -> str:
        """What was written, as far as it is the answer."""
        answer = text.partition(THOUGHT.strip())[2].lstrip() if self._thinks(request) else text
        return request.prefill + _before_stop(answer, request.stop)

    def _check_length(self, tokens: int) -> None:
        most = getattr(self._model.config, "max_position_embeddings", None)
        if most and tokens > most:
            raise InputError(f"{self.card.name} reads and writes {most} tokens, {tokens} are asked for; give it less")

    def _wishes(self, request: Request) -> dict[str, Any]:
        sampled = {"do_sample": True, "temperature": request.temperature, "min_p": MIN_P}
        return {
            "max_new_tokens": self._most(request),
            "repetition_penalty": request.repeat_penalty if self.bounded else 1.0,
            "stop_strings": list(request.stop) or None,
            "tokenizer": self._tokenizer,
            "logits_processor": self._bounds(request),
            "pad_token_id": self._tokenizer.pad_token_id,
        } | (sampled if request.temperature > 0 else {"do_sample": False})

    def _bounds(self, request: Request) -> list[Any]:
        if request.grammar is None and request.schema is None:
            return []
        self._guide = self._guide or Guide(self._tokenizer, self._model.config.vocab_size)
        bounds = self._guide.bounds(request)
        return [bounds] if bounds else []

    def _follower(self, request: Request, heard: Heard | None) -> _Follower:
        said = (lambda text: heard(self._said(text, request))) if heard else None
        return _Follower(self._tokenizer, self.alive, said)

    def _completion(self, ids: Any, request: Request) -> Completion:  # noqa: ANN401 - a tensor
        tokens = [token for token in ids.tolist() if token != self._tokenizer.pad_token_id]
        text = self._tokenizer.decode(tokens, skip_special_tokens=True)
        stopped = any(stop in text for stop in request.stop)
        whole = len(tokens) < self._most(request) or stopped or tokens[-1:] == [self._end]
        return Completion(self._said(text, request), whole)

    @property
    def _end(self) -> int:
        return int(self._tokenizer.eos_token_id)

    def warm(self) -> None:
        """Write a token."""
        self.complete(Request(({"role": "user", "content": "Hello"},), max_tokens=1))


_TOKENS = {"return_tensors": "pt", "padding": True, "padding_side": "left", "add_special_tokens": False}


class _Follower:
    """A streamer of transformers: it hands on what was written so far. The first thing that it is given is the chats.

    Args:
        tokenizer: of the model.
        alive: called with each token.
        heard: told what was written so far; None where nobody follows it.

    """

    def __init__(self, tokenizer: Any, alive: Callable[[], None], heard: Heard | None) -> None:  # noqa: ANN401
        self._tokenizer, self._alive, self._heard = tokenizer, alive, heard
        self._tokens: list[int] | None = None

    def put(self, ids: Any) -> None:  # noqa: ANN401 - a tensor
        """Take the next tokens; what is raised ends the answer."""
        if self._tokens is None:
            self._tokens = []
            return
        self._alive()
        if self._heard is None:
            return
        self._tokens += ids.flatten().tolist()
        text = self._tokenizer.decode(self._tokens, skip_special_tokens=True)
        if not text.endswith("\N{REPLACEMENT CHARACTER}"):
            self._heard(text)

    def end(self) -> None:
        """Nothing is held back."""


class _Beats:
    """A streamer of transformers that tells of every token of a batch."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat

    def put(self, _ids: Any) -> None:  # noqa: ANN401 - a tensor
        """A token of each answer was written, or the chats were read; what ``beat`` raises ends the answers."""
        self._beat()

    def end(self) -> None:
        """Nothing is held back."""


def _before_stop(text: str, stops: tuple[str, ...]) -> str:
    found = [at for stop in stops if (at := text.find(stop)) >= 0]
    return text[: min(found)] if found else text


def _loaded(card: ModelCard, settings: Settings, device: Any) -> tuple[Any, Any]:  # noqa: ANN401 - a torch device
    """Tokenizer and model."""
    check_device(settings, device, card.name)
    transformers = library()
    where, file = _where(card)
    tokenizer = transformers.AutoTokenizer.from_pretrained(where, **file)
    model = transformers.AutoModelForCausalLM.from_pretrained(where, **file, **arguments(settings, device))
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    return tokenizer, placed(model, settings, device)


def _where(card: ModelCard) -> tuple[str, dict[str, str]]:
    """The folder of the weights and, of a package's GGUF file, its name."""
    if card.weights is not None:
        return str(weights_folder(card)), {}
    from murakkab_runtimes.text.smollm2 import find_weights

    folder, file = os.path.split(find_weights(card.options))
    return folder, {"gguf_file": file}
