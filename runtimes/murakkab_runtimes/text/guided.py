"""Answers of a transformers model that a grammar or a JSON schema bounds (package llguidance)."""

from __future__ import annotations

import json
from typing import Any

from murakkab_runtimes.base import InputError, Unavailable
from murakkab_runtimes.text.model import Request


class Guide:
    """Makes the bounds of one tokenizer's answers; reading a vocabulary takes a second, so it is kept.

    Args:
        tokenizer: of transformers; a fast one.
        width: logits of the model, which may be more than the tokenizer has tokens.

    Raises:
        Unavailable: the package is missing.
    """

    def __init__(self, tokenizer: Any, width: int) -> None:  # noqa: ANN401 - a class without types
        try:
            from llguidance.hf import from_tokenizer
        except ImportError as fault:
            raise Unavailable(f"grammars need a package ({fault}); run: pip install 'murakkab[torch]'") from None
        self._tokens: Any = from_tokenizer(tokenizer, n_vocab=width)

    def bounds(self, request: Request) -> Bounds | None:
        """What bounds the answer to the request, if anything does.

        Raises:
            InputError: the schema or the grammar cannot be used.
        """
        grammar = self._grammar(request)
        return None if grammar is None else Bounds(self._tokens, grammar)

    def _grammar(self, request: Request) -> str | None:
        from llguidance import LLMatcher
        from llguidance.gbnf_to_lark import gbnf_to_lark

        if request.grammar is not None:
            return str(LLMatcher.grammar_from_lark(gbnf_to_lark(request.grammar)))
        if request.schema is None:
            return None
        separators = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
        return str(LLMatcher.grammar_from_json_schema(json.dumps(request.schema), defaults=separators))


class Bounds:
    """A logits processor that leaves only the tokens with which the answer can go on."""

    def __init__(self, tokens: Any, grammar: str) -> None:  # noqa: ANN401 - a class without types
        import llguidance
        from llguidance.numpy import allocate_token_bitmask

        self._matcher: Any = llguidance.LLMatcher(tokens, grammar)
        if fault := self._matcher.get_error():
            raise InputError(f"the model cannot be bounded to what is asked for: {fault}")
        self._mask = allocate_token_bitmask(1, tokens.vocab_size)
        self._seen = -1

    def __call__(self, ids: Any, scores: Any) -> Any:  # noqa: ANN401 - tensors
        """Tokens ``ids`` (1, length) so far; ``scores`` (1, vocabulary) of the next one."""
        from llguidance.numpy import fill_next_token_bitmask

        if self._seen >= 0:
            self._matcher.consume_tokens(ids[0, self._seen :].tolist())
        self._seen = ids.shape[1]
        fill_next_token_bitmask(self._matcher, self._mask, 0)
        return scores.masked_fill(_forbidden(self._mask, scores), float("-inf"))


def _forbidden(mask: Any, scores: Any) -> Any:  # noqa: ANN401 - an array and a tensor
    """Which tokens a mask of 32 bits a word does not allow, shaped as ``scores``."""
    import numpy as np
    import torch

    bits = np.unpackbits(mask.view(np.uint8), bitorder="little")[: scores.shape[1]]
    return torch.from_numpy(bits == 0).unsqueeze(0).to(scores.device)
