"""The folder of an engine: its journal, the logs of its workers, and the lock that says that it runs."""

from __future__ import annotations

import secrets
import shutil
import time
from pathlib import Path
from typing import TextIO

from murakkab.engine.errors import FAILED, UserError
from murakkab.engine.journal import Journal
from murakkab.engine.locks import claim, is_claimed

_KEPT_ENGINES = 10


class EngineFolder:
    """A new folder among those of the engines; the folders of those that ran long ago are removed.

    Args:
        runs: folder of the runs.

    Attributes:
        path: of the folder.
        journal: open until somebody closes it.

    Raises:
        UserError: it cannot be made.

    """

    def __init__(self, runs: Path) -> None:
        self.path = runs / ".engines" / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        try:
            self.journal = Journal(self.path / "journal.jsonl")
            self._claim: TextIO | None = claim(self.path / "lock")
        except OSError as fault:
            raise UserError(
                f"cannot write to {runs}: {fault.strerror}",
                "Choose another folder with --runs, or free some space.",
                FAILED,
            ) from None
        forget_old_engines(self.path)

    def close(self) -> None:
        """Say that the engine does not run any more."""
        if self._claim is not None:
            self._claim.close()


def forget_old_engines(folder: Path) -> None:
    """Keep the folders of the last few engines and of all that still run."""
    for old in sorted(folder.parent.iterdir())[:-_KEPT_ENGINES]:
        if not is_claimed(old / "lock"):
            shutil.rmtree(old, ignore_errors=True)
