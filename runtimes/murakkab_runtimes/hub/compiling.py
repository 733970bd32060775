"""Networks that torch compiles: the first call takes minutes, those after it less time than before."""

from __future__ import annotations

import sys
from typing import Any


def compile_module(module: Any, name: str) -> None:  # noqa: ANN401 - a module of torch
    """Let torch compile a network when it is first called.

    Where torch cannot (it has no C++ compiler, or does not know what the network does), that is told on standard error,
    which is the log of the worker, and the network goes on as it is.

    Args:
        module: the network.
        name: of the model that it belongs to, for that message.
    """
    module.compile()
    module._compiled_call_impl = _Compiled(module, name)


class _Compiled:
    """The compiled call of a network, which gives way to the plain one where compiling fails."""

    def __init__(self, module: Any, name: str) -> None:  # noqa: ANN401
        self._module, self._name, self._call = module, name, module._compiled_call_impl

    def __call__(self, *given: Any, **named: Any) -> Any:  # noqa: ANN401
        try:
            return self._call(*given, **named)
        except Exception as fault:
            if not _cannot_compile(fault):
                raise
            said = " ".join(str(fault).split("\n")[:2])
            print(f"{self._name} runs without compiling: {said}", file=sys.stderr)
            self._module._compiled_call_impl = None
            return self._module(*given, **named)


def _cannot_compile(fault: Exception) -> bool:
    from torch._dynamo.exc import TorchDynamoException

    return isinstance(fault, TorchDynamoException)
