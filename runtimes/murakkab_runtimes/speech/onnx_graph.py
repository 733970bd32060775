"""Small changes to a serialized ONNX model, made on its bytes.

onnxruntime reads only what a graph declares as an output, and draws random numbers that no caller can seed. Both are
a matter of a few fields of the file (https://protobuf.dev/programming-guides/encoding, onnx.proto3), so this needs
neither the ``onnx`` package nor a second copy of the model on disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_INPUT, GRAPH_OUTPUT = 1, 11, 12
NODE_INPUT, NODE_OUTPUT, NODE_OP = 1, 2, 4
VALUE_NAME, VALUE_TYPE = 1, 2
FLOAT, INT64 = 1, 7

STARTS = "murakkab_zeros"
"""Input that every model made by ``noise_as_inputs`` takes: ``int64[rank of the noise]`` zeros."""


def with_outputs(model: bytes, names: Sequence[str]) -> bytes:
    """Declare inner tensors as further outputs. Parsers merge the second graph field into the first."""
    values = b"".join(_field(GRAPH_OUTPUT, _text(VALUE_NAME, name)) for name in names)
    return model + _field(MODEL_GRAPH, values)


def noise_as_inputs(model: bytes, noises: Mapping[str, str]) -> bytes:
    """Make the random tensors of a model inputs of it.

    Args:
        model: bytes of a ModelProto.
        noises: output name of each ``RandomNormalLike`` node, and the name of the float input to read instead. The
            input may be longer than needed along any axis; its head is taken.

    Raises:
        ValueError: a name belongs to no ``RandomNormalLike`` node.
    """
    begin, end = next((a, b) for field, _, a, b in _fields(model, 0, len(model)) if field == MODEL_GRAPH)
    missing = dict(noises)
    cuts: list[tuple[int, int, bytes]] = []
    for field, start, a, b in _fields(model, begin, end):
        if field == GRAPH_NODE and model.find(b"RandomNormalLike", a, b) >= 0:
            source, target = _node_ends(model, a, b)
            if target in missing:
                cuts.append((start, b, _head_of(missing.pop(target), source, target)))
    if missing:
        raise ValueError(f"the model has no random node called {', '.join(missing)}")
    inputs = [_value(name, FLOAT) for name in noises.values()] + [_value(STARTS, INT64)]
    return _spliced(model, begin, end, cuts, b"".join(_field(GRAPH_INPUT, value) for value in inputs))


def _spliced(model: bytes, begin: int, end: int, cuts: list[tuple[int, int, bytes]], added: bytes) -> bytes:
    """Exchange parts of the graph between ``begin`` and ``end``, and put ``added`` behind it."""
    view, parts, at = memoryview(model), list[bytes | memoryview](), begin
    for start, stop, new in cuts:
        parts += [view[at:start], new]
        at = stop
    parts += [view[at:end], added]
    header = _varint(MODEL_GRAPH << 3 | 2) + _varint(sum(map(len, parts)))
    before = next(start for field, start, a, _ in _fields(model, 0, len(model)) if a == begin)
    return b"".join([view[:before], header, *parts, view[end:]])


def _head_of(noise: str, like: str, target: str) -> bytes:
    """Two nodes: ``target = noise[:shape(like)]``."""
    shape = f"{target}_shape"
    nodes = [([like], [shape], "Shape"), ([noise, STARTS, shape], [target], "Slice")]
    return b"".join(_field(GRAPH_NODE, _node(*node)) for node in nodes)


def _node(inputs: list[str], outputs: list[str], op: str) -> bytes:
    ends = [_text(NODE_INPUT, name) for name in inputs] + [_text(NODE_OUTPUT, name) for name in outputs]
    return b"".join(ends) + _text(NODE_OP, op)


def _node_ends(model: bytes, begin: int, end: int) -> tuple[str, str]:
    """First input and first output of a node."""
    names: dict[int, str] = {}
    for field, _, a, b in _fields(model, begin, end):
        if field in (NODE_INPUT, NODE_OUTPUT):
            names.setdefault(field, model[a:b].decode())
    return names[NODE_INPUT], names[NODE_OUTPUT]


def _value(name: str, kind: int) -> bytes:
    """A ValueInfoProto of a tensor of unknown shape."""
    tensor = _varint(1 << 3) + _varint(kind)
    return _text(VALUE_NAME, name) + _field(VALUE_TYPE, _field(1, tensor))


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, first byte, and begin and end of the payload of each field of one message."""
    while at < end:
        start = at
        key, at = _read_varint(data, at)
        match key & 7:
            case 0:
                _, stop = _read_varint(data, at)
            case 1:
                stop = at + 8
            case 5:
                stop = at + 4
            case 2:
                size, at = _read_varint(data, at)
                stop = at + size
            case wire:
                raise ValueError(f"not an ONNX model: wire type {wire} at byte {start}")
        yield key >> 3, start, at, stop
        at = stop


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())
