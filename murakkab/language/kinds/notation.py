"""From the type notation to kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..problems import describe, nearest
from .nouns import NULL, SCALARS, Field, Kind, KindError, ListOf, Object, Path, Scalar, union, without_null

DEEPEST = 32


def parse_kind(data: Any, declared: Mapping[str, Any]) -> Kind:  # noqa: ANN401
    """Read a type.

    Args:
        data: a name, a list with one type, or a mapping of fields to types.
        declared: types by name, in the notation.

    Raises:
        KindError: ``data`` is no type; ``path`` says where.
    """
    return _Reader(declared).read(data, ())


class _Reader:
    """Reads one type; ``inside`` are the declared names that are being read."""

    def __init__(self, declared: Mapping[str, Any], inside: tuple[str, ...] = ()) -> None:
        self.declared, self.inside = declared, inside

    def read(self, data: Any, path: Path) -> Kind:  # noqa: ANN401
        if len(path) > DEEPEST:
            raise KindError("the type nests too deep", f"nest at most {DEEPEST} deep", path)
        match data:
            case str():
                return union(self._named(part.strip(), data, path) for part in data.split("|"))
            case list():
                return self._list(data, path)
            case dict():
                return Object(tuple(self._field(name, kind, path) for name, kind in _checked(data, path).items()))
            case _:
                raise KindError(f"expected a type, got {describe(data)}", _HINT, path)

    def _list(self, data: list[Any], path: Path) -> Kind:
        if len(data) != 1:
            raise KindError(f"a list has one type, here are {len(data)}", "write for example [text]", path)
        return ListOf(self.read(data[0], (*path, 0)))

    def _field(self, name: str, data: Any, path: Path) -> Field:  # noqa: ANN401
        kind, bare = self.read(data, (*path, name)), name.removesuffix("?")
        return Field(bare, without_null(kind), True) if bare != name else Field(bare, kind)

    def _named(self, name: str, whole: str, path: Path) -> Kind:
        if name.endswith("?"):
            return union([self._named(name[:-1].strip(), whole, path), NULL])
        if name.startswith("[") and name.endswith("]"):
            return ListOf(self._named(name[1:-1].strip(), whole, path))
        if name in SCALARS:
            return Scalar(name)
        if name in self.inside:
            raise KindError(f"the type '{name}' holds itself", "write json where it comes again", path)
        if name not in self.declared:
            shown = f"there is no type '{name}'" if name else f"'{whole}' is no type"
            raise KindError(shown, nearest(name, [*SCALARS, *self.declared], what="types"), path)
        return self._declared(name, path)

    def _declared(self, name: str, path: Path) -> Kind:
        try:
            kind = _Reader(self.declared, (*self.inside, name)).read(self.declared[name], ())
        except KindError as fault:
            raise KindError(f"in the type '{name}': {fault.message}", fault.hint, path) from None
        return Object(kind.fields, name) if isinstance(kind, Object) else kind


_HINT = "write a name such as text, a list such as [text], or fields such as {answer: number}"


def _checked(data: dict[Any, Any], path: Path) -> dict[str, Any]:
    """The mapping, if its keys name different fields."""
    seen: set[str] = set()
    for name in data:
        if not isinstance(name, str) or not name.removesuffix("?"):
            raise KindError(f"{describe(name)} is no name of a field", "write a word", path)
        if (bare := name.removesuffix("?")) in seen:
            raise KindError(f"the field '{bare}' stands twice", "keep one of them", (*path, name))
        seen.add(bare)
    return data
