"""Reads traces of requests (CSV with TIMESTAMP, ContextTokens, GeneratedTokens) and counts them by class and slot."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from murakkab_optimizer.planner.fleet import ClassLoad, Demand
from murakkab_runtimes.fleets import Fleet, FleetDocumentError

COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")


class Chat(msgspec.Struct, frozen=True):
    """One request of a trace: seconds after the first one, tokens in, tokens out."""

    at_s: float
    context: int
    generated: int


def read_trace(file: Path) -> list[Chat]:
    """The requests of a trace, in order of time.

    Raises:
        FleetDocumentError: it cannot be read, or a line does not fit; the message gives file and line.
    """
    try:
        with file.open(newline="", encoding="utf-8") as stream:
            rows = csv.DictReader(stream)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise FleetDocumentError(
                    f"{file}:1: the column {missing[0]} is missing; the header must name {', '.join(COLUMNS)}"
                )
            found = [_chat(row, file, rows.line_num) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise FleetDocumentError(f"{file}: {getattr(fault, 'strerror', None) or fault}") from None
    if not found:
        raise FleetDocumentError(f"{file}: there is no request in it")
    first = min(at for at, _, _ in found)
    return sorted((Chat(at - first, context, made) for at, context, made in found), key=lambda chat: chat.at_s)


def _chat(row: Mapping[str, str | None], file: Path, line: int) -> tuple[float, int, int]:
    try:
        stamp, context, made = (row[name] or "" for name in COLUMNS)
        return datetime.fromisoformat(stamp[:26]).timestamp(), int(context), int(made)
    except ValueError as fault:
        raise FleetDocumentError(f"{file}:{line}: {fault}; expected a time and two whole numbers") from None


def demand_of(chats: Iterable[Chat], fleet: Fleet, slot_s: float, load: float = 1.0) -> Demand:
    """The rates of every class, slot by slot; a class has its share of the requests of its workflow.

    Args:
        chats: the trace.
        fleet: its classes, and which workflow a request stands for.
        slot_s: seconds of a slot; a last one that is not full is left out, unless it is the only one.
        load: how many times the trace.

    """
    chats = list(chats)
    end = max(chat.at_s for chat in chats)
    slots = max(int(end / slot_s), 1)
    length = min(slot_s, max(end, 1.0)) if slots == 1 else slot_s
    counts = {workflow: [0] * slots for workflow in (fleet.split.below, fleet.split.above)}
    for chat in chats:
        if chat.at_s < slots * slot_s:
            counts[fleet.split.workflow(chat.context)][int(chat.at_s / slot_s)] += 1
    return Demand(
        tuple(
            ClassLoad(one.request, tuple(load * one.share * count / length for count in counts[one.workflow]))
            for one in fleet.classes
        )
    )
