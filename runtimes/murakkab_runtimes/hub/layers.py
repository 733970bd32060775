"""A pulse in the work of networks of torch: between their layers a task can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def between_layers(networks: Iterable[Any], alive: Callable[[], object]) -> Iterator[None]:
    """While it lasts, ``alive`` is called before each layer of networks; what it raises ends their work.

    Args:
        networks: modules of torch. Their layers are those that stand in a list, as encoders, decoders and blocks of
            attention do.
        alive: takes nothing.

    """
    hooks = [layer.register_forward_pre_hook(lambda *_: _told(alive)) for layer in _layers(networks)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _told(alive: Callable[[], object]) -> None:
    """A hook that returned something would change what the layer is given."""
    alive()


def _layers(networks: Iterable[Any]) -> Iterator[Any]:
    from torch.nn import ModuleList

    for network in networks:
        for part in network.modules():
            if isinstance(part, ModuleList):
                yield from part
