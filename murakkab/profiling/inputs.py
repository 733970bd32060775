"""What probes work on, made by other models in processes of their own and kept for the next."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from murakkab.profiling.messages import Done, Make, marked, unmarked
from murakkab.profiling.probe import Arguments, Made
from murakkab.profiling.process import Failed, ModelProcess

MAKE_S = 600.0
"""Seconds after which an input is given up; latents of a film may take minutes."""


class KeptInputs:
    """Makes inputs in a folder, each once.

    Args:
        folder: where they are kept.

    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def made(self, model: str, arguments: Arguments) -> Made:
        """What a model makes of these arguments; Failed where it cannot."""
        return self._make(model, Make([marked(arguments)]))[0]

    def made_in_order(self, model: str, tasks: Sequence[Arguments]) -> list[Made]:
        """As ``made`` for the tasks of an ordered join."""
        return self._make(model, Make([marked(arguments) for arguments in tasks], in_order=True))

    def _make(self, model: str, request: Make) -> list[Made]:
        asked = msgspec.json.encode((model, request), order="deterministic")
        path = self.folder / f"made-{hashlib.sha256(asked).hexdigest()[:24]}.json"
        done = msgspec.json.decode(path.read_bytes(), type=Done) if path.exists() else self._made(model, request)
        if not path.exists():
            partial = path.with_suffix(".part")
            partial.write_bytes(msgspec.json.encode(done))
            partial.replace(path)
        return [Made(unmarked(v), meta, [(unmarked(i), m) for i, m in items]) for v, meta, items in done.made]

    def _made(self, model: str, request: Make) -> Done:
        try:
            with ModelProcess(model, self.folder) as process:
                process.loaded()
                process.ask(request)
                done = process.reply(MAKE_S)
        except Failed as fault:
            raise Failed(f"its input cannot be made by {model}: {fault}") from None
        assert isinstance(done, Done)
        return done
