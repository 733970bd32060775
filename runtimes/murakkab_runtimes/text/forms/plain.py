"""The form ``plain``: a prompt in, a text out."""

from __future__ import annotations

from murakkab_runtimes.base import InputError, Output, Task
from murakkab_runtimes.text.model import LanguageModel, Request

MAX_PROMPT = 20_000
"""Characters of a prompt that are passed on."""


def plain(task: Task, model: LanguageModel) -> Output:
    """Answer ``prompt`` (text), as ``system`` (text, optional) says, in at most ``max_tokens`` (default 256).

    Returns:
        ``{"text": str, "finished": bool}``; finished is False where ``max_tokens`` cut the answer short.
    """
    prompt = str(task.arguments.get("prompt") or "").strip()
    if not prompt:
        raise InputError("the form 'plain' needs a prompt; give the node an argument 'prompt: ...'")
    if len(prompt) > MAX_PROMPT:
        raise InputError(f"the prompt has {len(prompt)} characters; shorten it to {MAX_PROMPT}")
    system = str(task.arguments.get("system") or "You answer briefly and plainly.")
    limit = int(task.arguments.get("max_tokens") or 256)
    answer = model.complete(
        Request(
            messages=({"role": "system", "content": system}, {"role": "user", "content": prompt}),
            max_tokens=limit,
            temperature=float(task.knobs.get("temperature", 0.3)),
            seed=task.seed,
        )
    )
    return Output({"text": answer.text.strip(), "finished": answer.finished})
