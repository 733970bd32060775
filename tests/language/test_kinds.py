"""Kinds: the notation, what fits where, and JSON Schema, also by properties over random kinds."""

from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from murakkab.language.kinds import (
    ANY,
    FILES,
    INTEGER,
    JSON,
    NULL,
    NUMBER,
    SCALARS,
    TEXT,
    UNKNOWN,
    Field,
    KindError,
    ListOf,
    Object,
    Scalar,
    Union,
    accepts,
    field,
    from_json_schema,
    json_schema,
    kind_of,
    optional,
    parse_kind,
    signature,
    union,
)
from murakkab_optimizer.catalog import Capability, Form
from murakkab_runtimes.catalog import load_capabilities, load_types

FILE = Scalar("file")
OPEN = (ANY, JSON, FILE)
"""Kinds of which only the run shows whether a value fits."""

EITHER = st.booleans()
certain = st.sampled_from([Scalar(name) for name in SCALARS if Scalar(name) not in OPEN])
names = st.sampled_from(["a", "b", "c", "text"])


def objects(kinds, optionals):
    def build(fields):
        return Object(tuple(_field(name, kind, left_out) for name, (kind, left_out) in fields.items()))

    return st.dictionaries(names, st.tuples(kinds, optionals), max_size=3).map(build)


def _field(name, kind, left_out):
    if left_out and isinstance(kind, Union):
        kind = union(option for option in kind.options if option != NULL)
    return Field(name, kind, left_out)


def kinds(scalars, optionals=EITHER):
    def grow(inner):
        unions = st.lists(inner, min_size=1, max_size=3).map(union)
        return inner.map(ListOf) | objects(inner, optionals) | unions

    return st.recursive(scalars, grow, max_leaves=6)


CERTAIN = kinds(certain)
EVERY = kinds(certain | st.sampled_from(OPEN))


def values(kind):
    """JSON values of a kind, nothing but what it says."""
    match kind:
        case Scalar("text"):
            return st.text(max_size=3)
        case Scalar("number"):
            return st.floats(-9, 9) | st.integers(-9, 9)
        case Scalar("integer"):
            return st.integers(-9, 9)
        case Scalar("boolean"):
            return st.booleans()
        case Scalar("null"):
            return st.none()
        case Scalar(name) if name in FILES:
            return st.just(f"/files/{name}")
        case ListOf(item):
            return st.lists(values(item), max_size=2)
        case Union(options):
            return st.one_of(*map(values, options))
        case Object(fields):
            needed = {one.name: values(one.kind) for one in fields if not one.optional}
            spare = {one.name: values(one.kind) | st.none() for one in fields if one.optional}
            return st.fixed_dictionaries(needed, optional=spare)
    raise AssertionError(kind)


def wider(kind):
    """Kinds that plainly take whatever is of ``kind``."""
    match kind:
        case Scalar():
            number = [NUMBER] if kind == INTEGER else []
            return st.sampled_from([kind, *number, optional(kind)])
        case ListOf(item):
            return wider(item).map(ListOf)
        case Union(options):
            return st.tuples(*map(wider, options)).map(union)
    return st.tuples(*(st.none() | _wider_field(one) for one in kind.fields)).map(
        lambda kept: Object(tuple(one for one in kept if one))
    )


def _wider_field(one):
    return st.builds(_field, st.just(one.name), wider(one.kind), st.just(True) if one.optional else EITHER)


@given(EVERY)
def test_a_value_fits_where_its_own_kind_is_wanted(kind):
    assert accepts(kind, kind) == ""
    assert accepts(ANY, kind) == accepts(kind, ANY) == ""
    assert accepts(optional(kind), NULL) == ""


@given(st.data())
def test_what_fits_a_kind_fits_whatever_takes_that_kind(data):
    least = data.draw(kinds(certain, st.just(False)))
    middle = data.draw(wider(least))
    most = data.draw(wider(middle))
    assert accepts(middle, least) == accepts(most, middle) == ""
    assert accepts(most, least) == ""


def test_fitting_is_transitive_where_all_is_known():
    simple = [TEXT, NUMBER, INTEGER, NULL, optional(NUMBER), union([TEXT, INTEGER]), union([TEXT, NUMBER, NULL])]
    shapes = [
        Object(fields) for kind in simple for fields in [(Field("a", kind), Field("b", TEXT)), (Field("a", kind),)]
    ]
    pool = [*simple, *map(ListOf, simple), *shapes, Object(), union([*simple, Object()])]
    fits = {(most, least) for most in pool for least in pool if not accepts(most, least)}
    assert 100 < len(fits) < len(pool) ** 2 / 2
    for most, middle in fits:
        assert all((most, least) in fits for least in pool if (middle, least) in fits)


@given(st.data())
def test_what_is_accepted_is_valid_when_it_comes(data):
    related = wider(data.draw(CERTAIN))
    given_kind, wanted = data.draw(related), data.draw(related | EVERY)
    if not accepts(wanted, given_kind):
        jsonschema.validate(data.draw(values(given_kind)), json_schema(wanted))


@given(EVERY)
def test_a_kind_survives_its_json_schema(kind):
    assert from_json_schema(json_schema(kind)) == kind
    assert from_json_schema(json_schema(kind, closed=True)) == kind


@given(kinds(st.sampled_from([TEXT, NUMBER, INTEGER, Scalar("boolean"), NULL])), st.data())
def test_a_value_that_is_written_down_fits_the_kind_it_is_of(kind, data):
    assert accepts(kind, kind_of(data.draw(values(kind)))) == ""


@pytest.mark.parametrize(
    ("wanted", "given_kind", "reason"),
    [
        ("number", "integer", ""),
        ("integer", "number", "an integer is wanted, a number is given"),
        ("text", "number", "what stands inside a text becomes text"),
        ("text", "text?", "it may be null, and text is wanted"),
        ("text", "[text]", "run the step over its items with for_each"),
        ("text", {"text": "text", "n": "number"}, "of its fields would fit: text"),
        ("audio", "video", "an audio file is wanted, a video is given"),
        ("audio | video", "video", ""),
        ("audio", "audio | video", "an audio file is wanted, a video is given"),
        ("audio", "document", "an audio file is wanted, a document is given"),
        ("audio", "file", ""),
        ("file", "captions", ""),
        ("file", "text", "a file is wanted, text is given"),
        ("json", {"a": ["audio"]}, "may hold a file"),
        ("json", {"a": ["text"]}, ""),
        ("audio", "json", "json holds no file"),
        ({"a": "text"}, "json", ""),
        ({"a": "text", "b?": "text"}, {"a": "text", "c": "text"}, ""),
        ({"a": "text"}, {"b": "text"}, "has no field 'a'"),
        ({"a": "text"}, {"a?": "text"}, "may be missing"),
        ({"a?": "text"}, {"a": "text?"}, ""),
        ({"a?": "text"}, {"a": "number"}, "in the field 'a': text is wanted, a number is given"),
        ({"list": [{"n": "integer"}]}, {"list": [{"n": "text"}]}, "in the field 'list': in an item: in the field 'n'"),
    ],
)
def test_the_reason_says_what_is_wanted_and_given(wanted, given_kind, reason):
    found = accepts(parse_kind(wanted, {}), parse_kind(given_kind, {}))
    assert (reason in found) if reason else found == ""


@pytest.mark.parametrize(
    ("data", "message", "path"),
    [
        ({"turn": "trun"}, "there is no type 'trun'; did you mean 'turn'", ("turn",)),
        (["text", "text"], "a list has one type, here are 2", ()),
        ({"a": {"b": [3]}}, "expected a type, got the number 3", ("a", "b", 0)),
        ({"a?": "text", "a": "text"}, "the field 'a' stands twice", ("a",)),
        ({1: "text"}, "the number 1 is no name of a field", ()),
        ("text | ", "'text | ' is no type", ()),
        ("", "'' is no type", ()),
        (None, "expected a type, got nothing", ()),
        ("loop", "in the type 'loop': the type 'loop' holds itself", ()),
    ],
)
def test_what_is_no_type_is_told_with_its_place(data, message, path):
    with pytest.raises(KindError) as caught:
        parse_kind(data, {"turn": {"text": "text"}, "loop": {"again": ["loop"]}})
    assert message in str(caught.value)
    assert caught.value.path == path


def test_a_type_that_nests_endlessly_is_refused():
    deep = "text"
    for _ in range(100):
        deep = [deep]
    with pytest.raises(KindError, match="nests too deep"):
        parse_kind(deep, {})


def test_kinds_read_as_people_write_them():
    kind = parse_kind({"turns": ["turn"], "take?": "audio | video", "note": "text?"}, {"turn": {"text": "text"}})
    assert str(kind) == "{turns: list of turn, take?: audio or video, note: text or null}"
    assert parse_kind("[text]?", {}) == parse_kind("[text] | null", {}) == optional(ListOf(TEXT))


def test_fields_are_read_through_what_may_be_missing():
    kind = parse_kind({"a?": {"b": "text"}, "list": ["text"], "any": "any"}, {})
    assert field(kind, "a") == optional(Object((Field("b", TEXT),)))
    assert field(field(kind, "a"), "b") == optional(TEXT)
    assert field(field(kind, "any"), "whatever") == ANY
    for name, message in (("lsit", "did you mean 'list'"), ("a.b", "has no field")):
        with pytest.raises(KindError, match=message):
            field(kind, name)
    with pytest.raises(KindError, match="for_each"):
        field(field(kind, "list"), "text")
    with pytest.raises(KindError, match="text, which has no fields"):
        field(TEXT, "length")


def test_a_literal_with_expressions_in_it_has_a_kind():
    given_kinds = {"${{ item }}": Scalar("image")}
    found = kind_of({"picture": "${{ item }}", "rows": [1, 2.5], "none": []}, lambda value: given_kinds.get(str(value)))
    assert found == Object(
        (Field("picture", Scalar("image")), Field("rows", ListOf(NUMBER)), Field("none", ListOf(union([]))))
    )
    assert accepts(parse_kind({"picture": "image", "rows": ["number"], "none": ["turn"]}, load_types()), found) == ""


class Line(BaseModel):
    speaker: str
    seconds: float = 1.0
    take: Path | None
    answers: "list[Line]" = []


def test_functions_typed_by_pydantic_have_kinds():
    found = from_json_schema(TypeAdapter(Line).json_schema())
    assert isinstance(found, Object)
    assert found.name == "Line"
    assert found.get("speaker") == Field("speaker", TEXT)
    assert found.get("seconds") == Field("seconds", NUMBER, True)
    assert found.get("take").kind == optional(FILE)
    assert found.get("answers").kind == ListOf(ANY), "what holds itself is open"
    assert from_json_schema(TypeAdapter(dict[str, int]).json_schema()) == JSON
    assert from_json_schema(TypeAdapter(dict[str, Path]).json_schema()) == ANY
    assert from_json_schema(TypeAdapter(tuple[int, str]).json_schema()) == ListOf(union([INTEGER, TEXT]))
    assert from_json_schema(TypeAdapter(dict).json_schema()) == ANY


def test_every_capability_of_the_catalogue_has_types_that_can_be_read():
    for capability in load_capabilities().values():
        for form in (None, *capability.forms):
            found = signature(capability, {"form": form} if form else {})
            assert found.takes is not None or found == UNKNOWN
    for declared in load_types().values():
        assert parse_kind(declared, load_types())


def test_a_form_has_a_signature_of_its_own():
    write = load_capabilities()["text-generation"]
    dialogue = signature(write, {"form": "dialogue", "section": "${{ item }}"})
    assert str(dialogue.emits) == "turn"
    assert dialogue.takes.get("section").kind == parse_kind("section", load_types())
    assert signature(write, {}).takes.get("prompt") == Field("prompt", TEXT)
    outline = signature(write, {"form": "outline"})
    assert (outline.takes.get("prompt"), outline.takes.get("topic")) == (None, Field("topic", TEXT, True))
    assert signature(write, {"form": "${{ inputs.form }}"}) == UNKNOWN
    with pytest.raises(KindError, match="no form 'dialog'; did you mean 'dialogue'") as caught:
        signature(write, {"form": "dialog"})
    assert caught.value.path == ("form",)


def test_a_capability_that_tells_nothing_takes_and_gives_anything():
    assert signature(None, {}) == signature(Capability("odd"), {"form": "x"}) == UNKNOWN
    half = signature(Capability("half", takes={"a": "text"}, emits="text"), {})
    assert (half.returns, half.emits) == (ANY, TEXT)
    with pytest.raises(KindError, match="the capability 'bad', takes: there is no type 'txt'"):
        signature(Capability("bad", forms={"f": Form(takes={"a": "txt"})}), {"form": "f"})


@pytest.mark.parametrize(
    ("reader", "argument", "maker", "part"),
    [
        ("image-to-video", "turn", ("text-generation", "dialogue", "emits"), ""),
        ("image-to-video", "speech", ("text-to-speech", None, "returns"), ""),
        ("image-to-video", "scene", ("text-to-image", None, "returns"), ""),
        ("image-to-video", "music", ("text-to-audio", None, "returns"), ""),
        ("image-to-video", "cast", ("cast-reading", None, "returns"), ""),
        ("video-to-video", "clip", ("image-to-video", None, "emits"), ""),
        ("video-packaging", "clip", ("video-to-video", None, "returns"), ""),
        ("text-to-speech", "text", ("text-generation", "dialogue", "emits"), "text"),
        ("automatic-speech-recognition", "audio", ("text-to-speech", None, "returns"), "audio"),
    ],
)
def test_the_capabilities_of_the_podcast_fit_each_other(reader, argument, maker, part):
    known = load_capabilities()
    capability, form, side = maker
    made = getattr(signature(known[capability], {"form": form} if form else {}), side)
    wanted = signature(known[reader], {}).takes.get(argument).kind
    assert accepts(wanted, field(made, part) if part else made) == ""
    assert not part or accepts(wanted, made)
