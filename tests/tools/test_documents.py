"""Documents of every kind, and everything that is none."""

import time
from contextlib import suppress

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from murakkab_runtimes.base import InputError, Task, runtime_class
from murakkab_runtimes.catalog import load_catalog

PROSE = (
    "The mill stands by the river, and its wheel has turned for two hundred years. "
    "Farmers bring their grain in autumn. "
    "The miller's family lives above the stones. A second mill burnt down in 1871 and was never built again."
)


@pytest.fixture
def read(tmp_path):
    adapter = runtime_class("documents")(load_catalog()["documents"], 1)
    return lambda file: adapter.run(Task({"file": file}, tmp_path)).value


def save(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def pdf(path, pages, title=None, password=None):
    """Write a PDF whose pages hold the given lines."""
    writer = PdfWriter()
    for lines in pages:
        page = writer.add_blank_page(400, 600)
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        shown = "".join(f"({line}) Tj 0 -14 Td " for line in lines)
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 10 Tf 20 560 Td {shown}ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    writer.write(path)
    return path


def test_no_file_is_no_document(read):
    assert read(None) is None


def test_plain_text_has_a_title_and_passages_that_begin_and_end_with_sentences(read, tmp_path):
    body = "\n\n".join(f"Part {i} tells of the mill. " + PROSE.replace("river", "ri-\nver") for i in range(12))
    value = read(save(tmp_path, "mill.txt", "The old mill\n\n" + body))
    assert (value["title"], value["kind"], value["note"]) == ("The old mill", "txt", None)
    assert [p["id"] for p in value["passages"]] == list(range(len(value["passages"])))
    for passage in value["passages"]:
        assert passage["text"].endswith(".")
        assert passage["text"][0].isupper()
        assert passage["page"] is None
        assert len(passage["text"].split()) <= 120
    assert all(len(p["text"].split()) >= 60 for p in value["passages"][:-1])
    assert value["words"] == len(body.replace("-\n", "").split())
    assert "by the river, and" in value["passages"][0]["text"]


def test_markdown_loses_its_marks(read, tmp_path):
    text = f"""---
draft: true
---
# The *old* mill

{PROSE} See [the map](http://example.org/map) and ![a picture](x.png) of **the wheel**.

## Code
```python
print("never read out")
```
- First the grain is cleaned.
- Then the stones turn.

| a | b |
|---|---|
| 1 | 2 |

> The quoted miller said it was loud.
"""
    value = read(save(tmp_path, "mill.md", text))
    said = " ".join(p["text"] for p in value["passages"])
    assert value["title"] == "The old mill"
    assert "See the map and of the wheel." in said
    assert "First the grain is cleaned. Then the stones turn." in said.replace("\n", " ")
    assert "The quoted miller" in said
    assert not any(mark in said for mark in ("*", "|", "#", "http", "print", "draft", "x.png", "`", "["))
    assert {p["heading"] for p in value["passages"]} == {"The old mill", "Code"}


def test_html_keeps_the_article_and_drops_the_furniture(read, tmp_path):
    text = f"""<!doctype html><html><head><title>Mills &amp; rivers</title><script>var evil = 1;</script>
<style>p {{ color: red }}</style><body><nav><a href=/>Home</a> Buy now</nav>
<div class="cookie-banner">We use cookies.</div>
<main><h1>The old mill</h1><p>{PROSE}<p>It costs 3 &lt; 4 coins.<br>Bring a sack.</p><aside>Subscribe!</aside>
<img src=x><button>Click</button></main><footer>All rights reserved.</footer></html>"""
    value = read(save(tmp_path, "mill.html", text))
    said = " ".join(p["text"] for p in value["passages"])
    assert value["title"] == "Mills & rivers"
    assert "It costs 3 < 4 coins." in said
    assert said.count("mill stands by the river") == 1
    for noise in ("evil", "color", "Home", "cookies", "Subscribe", "Click", "rights", "<p>"):
        assert noise not in said
    assert value["passages"][0]["heading"] == "The old mill"


def test_html_that_is_all_furniture_is_still_read(read, tmp_path):
    value = read(save(tmp_path, "x.htm", f"<div class=menu><form>{PROSE}</form></div>"))
    assert "two hundred years" in value["passages"][0]["text"]


def test_a_pdf_has_pages_and_no_running_heads(read, tmp_path):
    pages = [
        [
            "Annual report",
            f"Part {n} is about the wheel and about the wa-",
            f"ter that drives the wheel in year {n}.",
            f"Page {n}",
        ]
        for n in range(1, 5)
    ]
    value = read(pdf(tmp_path / "r.pdf", pages, title="The report"))
    said = " ".join(p["text"] for p in value["passages"])
    assert (value["title"], value["kind"]) == ("The report", "pdf")
    assert "about the water that drives the wheel in year 3." in said.replace("\n", " ")
    assert "Annual" not in said
    assert "Page" not in said
    assert value["passages"][0]["page"] == 1


def test_a_pdf_passage_names_the_page_it_begins_on(read, tmp_path):
    pages = [[f"On this page stands sentence number {n} of the long report." for n in range(10)] for _ in range(3)]
    value = read(pdf(tmp_path / "r.pdf", pages))
    assert [p["page"] for p in value["passages"]] == sorted(p["page"] for p in value["passages"])
    assert {p["page"] for p in value["passages"]} == {1, 2, 3}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(read, tmp_path, encoding):
    value = read(save(tmp_path, "e.txt", ("Café Zürich is open. " + PROSE).encode(encoding)))
    assert value["passages"][0]["text"].startswith("Café Zürich is open.")


def test_a_name_without_an_ending_is_read_by_its_content(read, tmp_path):
    assert read(save(tmp_path, "d41d8cd98f00b204e9800998ecf8427e", f"<html><p>{PROSE}</p></html>"))["kind"] == "html"
    value = read(save(tmp_path, "a" * 64, PROSE))
    assert value["kind"] == "txt"
    assert value["title"].startswith("The mill stands")


def test_two_hundred_megabytes_are_read_in_part_and_quickly(read, tmp_path):
    path = tmp_path / "huge.txt"
    with path.open("wb") as stream:
        for _ in range(200):
            stream.write((PROSE.encode() + b"\n\n") * (1_000_000 // (len(PROSE) + 2)))
    start = time.monotonic()
    value = read(path)
    assert time.monotonic() - start < 20
    assert "only the first 2 MB of 200 MB were read" in value["note"]
    assert value["words"] < 500_000


BAD = {
    "empty.txt": (b"", "is empty"),
    "blank.txt": (b" \n\n ", "holds no prose"),
    "digits.txt": (b"12 13 14", "holds no prose"),
    "noise.txt": (bytes(range(256)) * 40, "is no text but binary data"),
    "zip.docx": (b"PK\x03\x04" + b"\x00" * 99, r"type '\.docx' cannot be read; give a txt, md, html or pdf file"),
    "fake.pdf": (b"hello, I am no PDF", "is called a PDF but is none"),
    "broken.pdf": (b"%PDF-1.7\n1 0 obj <</Type /Catalog", "damaged|no pages"),
    "tags.html": (b"<html><script>x</script></html>", "holds no prose"),
}


@pytest.mark.parametrize(("name", "content", "message"), [(n, *v) for n, v in BAD.items()], ids=BAD)
def test_bad_documents_say_what_to_do(read, tmp_path, name, content, message):
    with pytest.raises(InputError, match=message):
        read(save(tmp_path, name, content))


def test_a_missing_document_and_a_folder(read, tmp_path):
    with pytest.raises(InputError, match=r"no document at .*gone\.txt"):
        read(tmp_path / "gone.txt")
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)


def test_an_encrypted_pdf_asks_for_one_without_a_password(read, tmp_path):
    path = pdf(tmp_path / "secret.pdf", [["Hello there, reader."]], password="sesame")
    with pytest.raises(InputError, match="encrypted; save a copy without a password"):
        read(path)


def test_a_scanned_pdf_asks_for_text(read, tmp_path):
    with pytest.raises(InputError, match=r"no text in its 2 pages.*OCR"):
        read(pdf(tmp_path / "scan.pdf", [[], []]))


@pytest.mark.parametrize("cut", [200, 400, 700])
def test_a_cut_off_pdf_never_gives_a_traceback(read, tmp_path, cut):
    whole = pdf(tmp_path / "w.pdf", [[f"This is sentence {n} of the report."] for n in range(3)]).read_bytes()
    path = save(tmp_path, "cut.pdf", whole[: len(whole) - cut])
    with suppress(InputError):
        assert read(path)["passages"]
