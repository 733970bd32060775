"""References, operators, secrets and inline values."""

from __future__ import annotations

import base64
import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab_optimizer.graph import NULL
from murakkab_runtimes.artifacts import ArtifactStore
from murakkab_runtimes.base import InputError
from murakkab_runtimes.operators import equal
from murakkab_runtimes.references import fill, secrets_in
from murakkab_runtimes.secrets import Mask

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)


def check(sign: str, *operands: Any, item: Any = None) -> Any:
    return fill({"$is": sign, "of": list(operands)}, item, {}, {}.__getitem__)


@pytest.mark.parametrize(
    ("sign", "operands", "expected"),
    [
        ("==", (1, 1.0), True),
        ("==", (1, True), False),
        ("==", ("1", 1), False),
        ("==", (None, None), True),
        ("!=", ("a", None), True),
        ("==", ([1, {"a": 2}], [1, {"a": 2.0}]), True),
        ("==", ([1], [True]), False),
        ("<", (1, 1.5), True),
        (">=", ("b", "a"), True),
        ("and", (True, None, True), False),
        ("or", (None, False, True), True),
        ("not", (None,), True),
    ],
)
def test_operators(sign: str, operands: tuple, expected: bool) -> None:
    assert check(sign, *operands) is expected


@pytest.mark.parametrize(
    ("sign", "operands", "message"),
    [
        ("<", (1, "2"), "1 < '2': number and text have no order"),
        (">", (None, 2), "null > 2: null and number have no order"),
        ("<=", (True, False), "boolean and boolean have no order"),
        ("and", (True, "yes"), "must be true or false, not the text 'yes'"),
        ("not", (0,), "must be true or false, not the number 0"),
    ],
)
def test_what_cannot_be_compared_says_why(sign: str, operands: tuple, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check(sign, *operands)


def test_and_and_or_stop_where_it_is_decided() -> None:
    unread = {"$is": "<", "of": [1, "2"]}
    assert check("and", False, unread) is False
    assert check("or", True, unread) is True


@given(JSON, JSON)
def test_equality_is_symmetric_and_reflexive(left: Any, right: Any) -> None:
    assert equal(left, left)
    assert equal(left, right) == equal(right, left)


def test_a_field_of_null_is_null_and_a_missing_field_is_named() -> None:
    assert fill({"$item": ["a", "b"]}, {"a": None}, {}, {}.__getitem__) is None
    assert fill({"$node": "x", "path": ["deep", "er"]}, None, {"x": NULL}, ArtifactStore(Path("none")).get) is None
    with pytest.raises(InputError, match=r"item.a has no field 'c'; it has: b"):
        fill({"$item": ["a", "c"]}, {"a": {"b": 1}}, {}, {}.__getitem__)


def test_what_the_task_before_returned_is_null_for_the_first() -> None:
    assert fill({"$previous": ["sum"]}, None, {}, {}.__getitem__, {"sum": 3}) == 3
    assert fill({"$previous": ["sum"]}, None, {}, {}.__getitem__) is None


def test_an_inline_reference_is_its_own_value(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    assert store.get('json:{"a": [1, null]}') == {"a": [1, None]}
    assert store.is_whole(NULL)


def test_a_value_that_looks_like_a_mark_opens_no_other_file(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "store")
    for name in ("/etc/passwd", "../../x", "a" * 64 + "/..", 7):
        assert store.get(store.put({"$file": name})) == {"$file": name}


def test_a_secret_is_read_where_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "s3cret")
    arguments = {"headers": {"$join": ["Bearer ", {"$secret": "TEST_TOKEN"}]}, "more": [{"$secret": "OTHER_TOKEN"}]}
    assert sorted(secrets_in(arguments)) == ["OTHER_TOKEN", "TEST_TOKEN"]
    assert fill(arguments["headers"], None, {}, {}.__getitem__) == "Bearer s3cret"
    monkeypatch.delenv("OTHER_TOKEN", raising=False)
    with pytest.raises(InputError, match="OTHER_TOKEN is not set; set it before you run: export OTHER_TOKEN="):
        fill(arguments, None, {}, {}.__getitem__)


@pytest.mark.parametrize("before", ["", "u", "us", "user:", "x" * 9])
@pytest.mark.parametrize("behind", ["", ":", "::", "and more"])
def test_a_secret_is_masked_however_it_is_written(monkeypatch: pytest.MonkeyPatch, before: str, behind: str) -> None:
    secret = 'p+ss "wörd"/\\>?~'
    monkeypatch.setenv("TEST_TOKEN", secret)
    mask, text = Mask(["TEST_TOKEN"]), before + secret + behind
    assert mask.text(text) == f"{before}***{behind}"
    for written in (json.dumps(text), json.dumps(text, ensure_ascii=False), quote(text), quote_plus(text)):
        assert mask.text(written).count("***") == 1
        assert "wörd" not in unquote_plus(mask.text(written))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        masked = mask.text(encode(text.encode()).decode())
        assert masked.count("***") == 1
        assert len(masked.replace("***", "")) <= 4 * (len(before) + len(behind)) / 3 + 6


def test_a_secret_that_is_no_utf8_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "caf\udce9")
    mask = Mask(["TEST_TOKEN"])
    assert (mask.text("a caf\udce9"), mask.content(b"a caf\xe9")) == ("a ***", b"a ***")


def test_two_threads_may_store_the_same_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting, real, names = threading.Barrier(2, timeout=10), Path.replace, []

    def replace(self: Path, target: Path) -> Path:
        meeting.wait()
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    store = ArtifactStore(tmp_path)
    threads = [threading.Thread(target=lambda: names.append(store.put_json({"a": 1}))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 2
    assert store.is_whole(names[0])


def test_masking_reaches_keys_and_files_and_leaves_the_users_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHORT", "key")
    monkeypatch.setenv("LONG", "key-and-more")
    scratch, users = tmp_path / "scratch", tmp_path / "notes.txt"
    scratch.mkdir()
    users.write_text("a key and key-and-more")
    mask = Mask(["SHORT", "LONG", "UNSET"])
    masked = mask.value({"key-and-more": ["x key-and-more", 3], "file": users}, scratch)
    assert masked["***"] == ["x ***", 3]
    assert masked["file"].read_text() == "a *** and ***"
    assert masked["file"].name == "notes.txt"
    assert users.read_text() == "a key and key-and-more"
    assert Mask(["UNSET"]).value({"file": users}, scratch) == {"file": users}
