"""The process of one model that is measured: ``python -m murakkab.profiling.child MODEL FOLDER KNOBS``.

It loads the model as a worker does and then serves the requests of ``messages``. What libraries print goes to stderr.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from murakkab.profiling import clock
from murakkab.profiling.inputs import KeptInputs
from murakkab.profiling.messages import (
    Done,
    Fault,
    Loaded,
    Make,
    Measure,
    Measured,
    Reply,
    Request,
    Sample,
    marked,
    unmarked,
)
from murakkab.profiling.probe import Made, Piece, Probe, probes_of
from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Output, Runtime, Task
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.held import Held

LARGEST = 2.0
"""A piece that would take longer than this, in times the cap of a configuration, is left out."""


class Child:
    """A loaded model and what it has been given to work on.

    Args:
        card: of the model.
        folder: where inputs and scratch space lie.
        knobs: settings in which it is loaded, where they are not the usual ones.

    """

    def __init__(self, card: ModelCard, folder: Path, knobs: Mapping[str, Any]) -> None:
        self.card, self.folder = card, folder
        self._held = Held(lambda _: contextlib.nullcontext())
        self._knobs = {**card.knobs, **knobs}
        self._pieces: dict[int, Sequence[Piece]] = {}
        self._previous: Any = None
        self._probes = probes_of(card)

    def answer(self, request: Request) -> Reply:
        """Do what is asked."""
        return self._make(request) if isinstance(request, Make) else self._measure(request)

    @property
    def runtime(self) -> Runtime:
        """The model, loaded in the settings that are measured."""
        return self._held.get(self.card, self.card.needs.threads, self._knobs)

    def close(self) -> None:
        """Let the model go."""
        self._held.close()

    def _make(self, request: Make) -> Done:
        done, previous = [], None
        for arguments in request.tasks:
            scratch = Path(tempfile.mkdtemp(dir=self.folder))
            made, _ = self._run(Piece(unmarked(arguments)), {}, scratch, previous if request.in_order else None)
            previous = made.value
            done.append((marked(made.value), dict(made.meta), [(marked(v), dict(m)) for v, m in made.items]))
        return Done(done)

    def _measure(self, request: Measure) -> Measured:
        self._knobs = {**self.card.knobs, **request.knobs}
        probe = self._probes[request.probe]
        pieces = list(enumerate(self._pieces_of(request.probe, probe)))
        pieces = [one for one in pieces if request.only in (None, one[0])]
        if request.warm:
            warm = [self._sample(probe, *one, request.knobs) for one in pieces[: max(len(pieces) // 2, 1)]]
            pieces = _affordable(pieces, warm[-1], request.cap_s)
        clock.forget_peak()
        if self.runtime.meter is not None:
            self.runtime.meter.begin()
        samples, until = list[Sample](), time.monotonic() + request.cap_s
        for _ in range(request.repeats):
            samples += [self._sample(probe, *one, request.knobs) for one in pieces]
            if time.monotonic() > until:
                break
        return Measured(samples, self._peak_mb(), _most(piece for _, piece in pieces))

    def _peak_mb(self) -> float:
        """MiB of its accelerator, where it needs one and tells; else of this process."""
        told = self.runtime.meter.told() if self.runtime.meter and self.runtime.card.needs.accelerator_mb else {}
        return float(told.get("peak_mb") or clock.peak_mb())

    def _pieces_of(self, index: int, probe: Probe) -> Sequence[Piece]:
        if index not in self._pieces:
            self._pieces[index] = probe.pieces(KeptInputs(self.folder))
        return self._pieces[index]

    def _sample(self, probe: Probe, index: int, piece: Piece, knobs: Mapping[str, Any]) -> Sample:
        scratch = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            previous = self._previous if probe.in_order else None
            made, times = self._run(piece, knobs, scratch, previous, streams=probe.streams)
            self._previous = made.value
            units = probe.units(made) if probe.units else piece.units
        finally:
            if not probe.in_order:
                shutil.rmtree(scratch, ignore_errors=True)
        whole, first = times.whole(), times.first()
        return Sample(index, units, whole.seconds, whole.wall_s, whole.cpu_s, first.seconds if first else None)

    def _run(
        self, piece: Piece, knobs: Mapping[str, Any], scratch: Path, previous: object, *, streams: bool = True
    ) -> tuple[Made, clock.Times]:
        items: list[tuple[Any, Mapping[str, Any]]] = []
        times = clock.Times(self.runtime.threads)

        def emitted(value: object, meta: Mapping[str, Any]) -> None:
            times.note_item()
            items.append((value, meta))

        task = Task(
            piece.arguments,
            scratch,
            {**self.runtime.card.knobs, **knobs},
            seed=1,
            threads=self.runtime.threads,
            previous=previous,
            path=piece.path,
            streams=streams,
            on_item=emitted,
        )
        times.start()
        output = self.runtime.run(task)
        times.stop()
        if not isinstance(output, Output):
            output = Output(output)
        return Made(output.value, output.meta, items), times


def _most(pieces: Iterable[Piece]) -> dict[str, float]:
    """Of each number among the arguments, the largest one."""
    found: dict[str, float] = {}
    for name, value in (item for piece in pieces for item in piece.arguments.items()):
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = max(found.get(name, value), value)
    return found


def _affordable(pieces: list[tuple[int, Piece]], warm: Sample, cap_s: float) -> list[tuple[int, Piece]]:
    """The pieces that a round can hold, by what one that is known to be small took; always the first one."""
    unit_s = warm.seconds / warm.units if warm.units else 0.0
    return [one for one in pieces if one is pieces[0] or one[1].units * unit_s <= LARGEST * cap_s]


def main() -> None:
    """Serve requests on stdin until it is closed."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    name, folder, knobs = sys.argv[1:]
    encoder, decoder = msgspec.json.Encoder(), msgspec.json.Decoder(Request)

    def send(reply: Reply) -> None:
        replies.write(encoder.encode(reply) + b"\n")
        replies.flush()

    card = load_catalog()[name]
    times = clock.Times(card.needs.threads)
    times.start()
    try:
        child = Child(card, Path(folder), msgspec.json.decode(knobs))
        child.runtime.warm()
        times.stop()
    except Exception as fault:
        send(Fault(str(fault) or type(fault).__name__))
        return
    send(Loaded(times.whole().seconds))
    for line in requests:
        try:
            send(child.answer(decoder.decode(line)))
        except Exception as fault:
            traceback.print_exc()
            send(Fault(f"{type(fault).__name__}: {fault}".rstrip(": ")))
    child.close()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
