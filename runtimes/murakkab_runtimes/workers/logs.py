"""What a worker prints, without secrets."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from murakkab_runtimes.secrets import Mask

_PIECE = 65536
_LATE_S = 1.0
"""How long output of programs that a task left running is waited for."""


@contextmanager
def masked_output(mask: Mask) -> Iterator[None]:
    """Mask what is printed inside, by libraries and by programs that are started too.

    Without secrets nothing is changed. With them, file descriptors 1 and 2 lead through a thread that masks what it
    passes on to where descriptor 2 led before.
    """
    if not mask:
        yield
        return
    _flush()
    before, (source, sink) = (os.dup(1), os.dup(2)), os.pipe()
    thread = threading.Thread(target=_pass_on, args=(source, before[1], mask), daemon=True)
    thread.start()
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    os.close(sink)
    try:
        yield
    finally:
        _flush()
        for number, old in enumerate(before, 1):
            os.dup2(old, number)
        os.close(before[0])
        thread.join(_LATE_S)


def _pass_on(source: int, target: int, mask: Mask) -> None:
    """Copy until the end, keeping back as much as a secret that is cut in two may need."""
    held = b""
    while piece := os.read(source, _PIECE):
        held = mask.content(held + piece)
        ready = len(held) - mask.longest + 1
        if ready > 0:
            os.write(target, held[:ready])
            held = held[ready:]
    os.write(target, held)
    os.close(source)
    os.close(target)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
