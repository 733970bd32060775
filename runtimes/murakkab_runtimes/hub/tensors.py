"""Tensors that nodes exchange: safetensors files, with the structure and a few facts beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from murakkab_runtimes.base import InputError


def save(value: Any, facts: dict[str, Any], path: Path) -> None:  # noqa: ANN401 - tensors in lists
    """Write tensors, None, numbers and texts in lists and tuples, and ``facts`` (JSON)."""
    from safetensors.torch import save_file

    tensors: dict[str, Any] = {}
    shape = _taken_apart(value, tensors)
    save_file(tensors, path, metadata={"shape": json.dumps(shape), "facts": json.dumps(facts)})


def load(path: object, device: Any) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401 - a torch device
    """What was saved, on the device, and its facts.

    Raises:
        InputError: the file is none of ours.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt", device=str(device)) as file:
            notes = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            return _put_together(json.loads(notes["shape"]), tensors), json.loads(notes["facts"])
    except (SafetensorError, KeyError, OSError, ValueError) as fault:
        raise InputError(f"the tensors {path} cannot be read ({fault}); give what the node before made") from None


def _taken_apart(value: Any, tensors: dict[str, Any]) -> Any:  # noqa: ANN401
    import torch

    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().to("cpu").contiguous().clone()
        return {"tensor": name}
    if isinstance(value, list | tuple):
        return [_taken_apart(one, tensors) for one in value]
    return value


def _put_together(shape: Any, tensors: dict[str, Any]) -> Any:  # noqa: ANN401
    if isinstance(shape, dict):
        return tensors[shape["tensor"]]
    return [_put_together(one, tensors) for one in shape] if isinstance(shape, list) else shape
