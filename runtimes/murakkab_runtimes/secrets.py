"""Secrets: environment variables that are read where they are used, and masked in all that leaves there."""

from __future__ import annotations

import base64
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from murakkab_runtimes.base import InputError

MASK = "***"
MOST_BYTES = 4 * 1024 * 1024
"""Files up to this size are searched for secrets, provided that they hold text."""

SHORTEST_IN_BASE64 = 6
"""Bytes; the Base64 of anything shorter is too likely to stand in other text by chance."""


def read_secret(name: str) -> str:
    """The value of a secret; InputError says how to set it."""
    value = os.environ.get(name, "")
    if not value:
        raise InputError(f"the secret {name} is not set; set it before you run: export {name}=...")
    return value


def _forms(value: str) -> Iterator[str]:
    """How a secret may be written: as it is, quoted and, if it is long enough to be told from other text, in Base64."""
    yield from (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    content = os.fsencode(value)
    yield from (quote(content), quote(content, safe=""), quote_plus(content))
    for before in range(3 if len(content) >= SHORTEST_IN_BASE64 else 0):
        encoded = base64.b64encode(bytes(before) + content).rstrip(b"=").decode()
        inner = encoded[(0, 2, 3)[before] : len(encoded) - ((before + len(content)) % 3 > 0)]
        yield from (inner, inner.translate(str.maketrans("+/", "-_")))


class Mask:
    """Replaces the values of secrets in text, also where they are quoted in a URL or in JSON, or in Base64.

    Args:
        names: of the secrets; those that are not set need no masking.

    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        values = {value for name in names if (value := os.environ.get(name))}
        forms = {form for value in values for form in _forms(value)}
        whole = sorted(forms, key=lambda form: (-len(form), form))
        self.longest = max((len(os.fsencode(form)) for form in whole), default=0)
        self._text = re.compile("|".join(map(re.escape, whole)) or r"(?!)")
        self._bytes = re.compile(b"|".join(re.escape(os.fsencode(form)) for form in whole) or rb"(?!)")

    def __bool__(self) -> bool:
        return self.longest > 0

    def text(self, text: str) -> str:
        """The text without secrets."""
        return self._text.sub(MASK, text)

    def content(self, content: bytes) -> bytes:
        """UTF-8 text without secrets."""
        return self._bytes.sub(MASK.encode(), content)

    def value(self, value: Any, scratch: Path | None = None) -> Any:  # noqa: ANN401 - JSON of any shape
        """JSON (keys included) without secrets; a text file with secrets is replaced by a copy in ``scratch``."""
        if not self:
            return value
        match value:
            case str():
                return self.text(value)
            case Path() if scratch is not None:
                return self._file(value, scratch)
            case dict():
                return {self.value(key, scratch): self.value(inner, scratch) for key, inner in value.items()}
            case list() | tuple():
                return [self.value(inner, scratch) for inner in value]
        return value

    def _file(self, path: Path, scratch: Path) -> Path:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return path
        content = path.read_bytes()
        if b"\0" in content or (masked := self.content(content)) == content:
            return path
        folder = Path(tempfile.mkdtemp(prefix="masked-", dir=scratch))
        (folder / path.name).write_bytes(masked)
        return folder / path.name
