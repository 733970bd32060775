"""Checks a workflow that was written in Python like one that was read from a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from murakkab.flow.phrases import in_python
from murakkab.language.document import Data, Document
from murakkab.language.load import check_document
from murakkab.language.model import Workflow
from murakkab.language.problems import WorkflowError


def check(document: Document) -> Workflow:
    """The checked workflow; ``source_text`` of it is YAML.

    Raises:
        WorkflowError: with every problem.
    """
    try:
        workflow = check_document(document)
    except WorkflowError as fault:
        raise in_python(fault) from None
    workflow._source_text = to_yaml(document.data)
    workflow._file = Path(document.file).absolute()
    return workflow


def to_yaml(data: Data) -> str:
    """Plain data as the text of a workflow file."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


_Base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_NUMERIC = re.compile(r"[-+.0-9~]")


class _Dumper(_Base):  # type: ignore[misc]
    """Writes values out where they stand twice, since the language has no aliases."""

    def ignore_aliases(self, data: Data) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """A text; in quotes where YAML 1.2 might read a number and YAML 1.1, which PyYAML follows, does not."""
    style = "'" if _NUMERIC.match(text) else None
    scalar: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", text, style)
    return scalar


_Dumper.add_representer(str, _text)
