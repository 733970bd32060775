"""Folders whose names others can foretell."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path


def own_folder(folder: Path) -> Path:
    """Make a folder that only this user can look into, where there is none; its parent exists.

    Raises:
        OSError: something of another user has the name, or it is a link or a file.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise OSError(f"{folder} is no folder of this user: remove it, or name another place in MURAKKAB_STORE_FOLDER")
    folder.chmod(0o700)
    return folder
