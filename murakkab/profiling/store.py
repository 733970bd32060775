"""Where figures of this machine are kept: one JSON file a machine, replaced as a whole and read with care."""

from __future__ import annotations

import datetime
import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from murakkab.profiling.machine import Machine, this_machine
from murakkab_optimizer.hardware import CPU
from murakkab_optimizer.profiles.correction import Correction
from murakkab_optimizer.profiles.memory import Seen
from murakkab_optimizer.profiles.nouns import Profile

SCHEMA = 1
"""Version of the file. A file of a later one is left alone."""

FOLDER = "MURAKKAB_PROFILES"
"""Environment variable that names the folder; by default ``$XDG_DATA_HOME/murakkab/profiles``."""


class Record(msgspec.Struct, frozen=True):
    """A configuration that was measured here.

    Attributes:
        profile: the figures that a plan uses.
        versions: of what was measured, by part (``card``, ``adapter``, distributions); see ``versions.versions_of``.
        load_s: seconds to load and warm the model in a fresh process.
        cpu_s: processor seconds of a unit, all threads together.
        fixed_spread_s: distance of the quartiles of the seconds of the smallest task.
        took_s: that measuring it took, loading aside.
        disturbed: share of the time that the work waited for a core that others had; it is not in the figures.
        most: numbers among the arguments of its tasks, of each the largest one: the memory of the profile is of that.

    """

    profile: Profile
    versions: dict[str, str] = {}
    load_s: float = 0.0
    cpu_s: float = 0.0
    fixed_spread_s: float = 0.0
    disturbed: float = 0.0
    took_s: float = 0.0
    most: dict[str, float] = {}


class Calibration(msgspec.Struct, frozen=True):
    """How this machine compares with the one of the shipped profiles.

    Attributes:
        factors: by class of work, seconds here over seconds there.
        date: ISO 8601.
        probes: which probes they come from; others do not compare.

    """

    factors: dict[str, float]
    date: str
    probes: str = ""


class Kept(msgspec.Struct):
    """What was measured of a machine."""

    machine: Machine
    schema: int = SCHEMA
    records: list[Record] = []
    calibration: Calibration | None = None


class Learnt(msgspec.Struct, frozen=True):
    """What runs said of a configuration.

    Attributes:
        correction: of the seconds of its profile.
        base: of which figures it is, see ``base_of``; of others it says nothing.
        applied: its factor when processes that run on were last told to plan anew.

    """

    correction: Correction
    base: str
    applied: float = 1.0


class Basis(msgspec.Struct, frozen=True):
    """What a figure of memory is of.

    Attributes:
        versions: of the model, by part; of other ones it says nothing.
        refused: when a task last found no room; None where none did.

    """

    versions: dict[str, str] = {}
    refused: datetime.date | None = None


class Corrections(msgspec.Struct):
    """What runs said.

    Attributes:
        learnt: by the profile, see ``learnt_of``.
        memory: by configuration, see ``Seen.key``.
        bases: of the figures of memory, by the same.
        firsts: seconds of first tasks in the latest runs, see ``profiling.firsts``.

    """

    schema: int = SCHEMA
    learnt: dict[str, Learnt] = {}
    memory: dict[str, Seen] = {}
    bases: dict[str, Basis] = {}
    firsts: dict[str, tuple[float, ...]] = {}


Content = TypeVar("Content", Kept, Corrections)


class JsonFile(Generic[Content]):
    """A file that is read with care and replaced as a whole.

    Args:
        path: of the file.
        empty: makes what stands for a file that is not there.

    """

    def __init__(self, path: Path, empty: Callable[[], Content]) -> None:
        self.path = path
        self._empty: Callable[[], Content] = empty

    def read(self) -> tuple[Content, str]:
        """What is kept, and in words why a file that is there cannot be used; empty when it can."""
        empty = self._empty()
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return empty, ""
        except OSError as fault:
            return empty, f"cannot read {self.path}: {fault.strerror}"
        try:
            schema = msgspec.json.decode(content, type=_Version).schema
            if schema > SCHEMA:
                return empty, f"{self.path} is of a later version of murakkab (schema {schema})"
            return msgspec.json.decode(content, type=type(empty)), ""
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            return empty, f"{self.path} is damaged: {fault}"

    def content(self) -> Content:
        """What is kept; a file that cannot be used is told once a process, and counts as empty."""
        content, trouble = self.read()
        if trouble:
            _warn(trouble)
        return content

    @contextmanager
    def changing(self) -> Iterator[Content]:
        """Change what is kept; others wait meanwhile. A damaged file is kept aside with the ending ``.damaged``.

        Raises:
            UserError: the file cannot be written, or is of a later version.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                kept, trouble = self.read()
                if trouble:
                    self._set_aside(trouble)
                yield kept
                _replace(self.path, msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
        except OSError as fault:
            raise _fault(f"cannot write {self.path}: {fault.strerror}", f"Name another folder in {FOLDER}.") from None

    def _set_aside(self, trouble: str) -> None:
        if "later version" in trouble:
            raise _fault(trouble, f"Upgrade murakkab, or name another folder in {FOLDER}.")
        self.path.replace(self.path.with_suffix(".damaged"))


class ProfileStore(JsonFile[Kept]):
    """The file of one machine, and the one of what its runs said.

    Args:
        folder: of the files; by default that of the user.
        machine: by default this one.

    """

    def __init__(self, folder: Path | None = None, machine: Machine | None = None) -> None:
        self.machine = machine or this_machine()
        path = (folder or default_folder()) / f"{self.machine.fingerprint}.json"
        super().__init__(path, lambda: Kept(self.machine))
        self.runs = JsonFile(path.with_name(f"{path.stem}-runs.json"), Corrections)


class _Version(msgspec.Struct):
    schema: int


def key_of(profile: Profile) -> str:
    """What a profile is of: model, unit, settings and conditions, as one text."""
    parts = (profile.model, profile.unit, dict(profile.knobs), dict(profile.conditions))
    return msgspec.json.encode(parts, order="deterministic").decode()


def learnt_of(profile: Profile) -> str:
    """What a correction is of: that of an accelerator says nothing of other types, nor of several of them."""
    if profile.device == CPU:
        return key_of(profile)
    parts = (
        profile.model,
        profile.unit,
        dict(profile.knobs),
        dict(profile.conditions),
        profile.device,
        profile.devices,
    )
    return msgspec.json.encode(parts, order="deterministic").decode()


def base_of(profile: Profile) -> str:
    """Which figures a correction is of: newer ones, or those of a new calibration, are not what runs spoke of."""
    known = profile.provenance
    return f"{known.kind} {known.date} {known.source} {profile.fixed_s:.4g} {profile.unit_s:.4g}"


def _fault(message: str, remedy: str) -> Exception:
    from murakkab.engine.errors import UserError

    return UserError(message, remedy)


@cache
def _warn(trouble: str) -> None:
    logging.getLogger("murakkab").warning(
        "murakkab: %s; it counts as empty. `murakkab profile` begins a new one, or name another folder in %s.",
        trouble,
        FOLDER,
    )


def default_folder() -> Path:
    """The user's folder of profiles."""
    if named := os.environ.get(FOLDER):
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "murakkab" / "profiles"


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
