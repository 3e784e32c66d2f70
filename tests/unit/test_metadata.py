"""Metadata are read to the letter, and what is ambiguous in them is named with its line."""

import json

import pytest

from data.metadata import Row, read_metadata
from pti.errors import InputError

SEPARATORS = "a \u2028b\u2029c\u0085d\x0be\x0cf\x1cg"
"""Characters at which ``str.splitlines`` splits."""


def rows(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_metadata(path)


def captions(tmp_path, name, text):
    return [row.text for row in rows(tmp_path, name, text)]


def jsonl(**fields):
    return json.dumps({"file_name": "0.png", "text": "a", **fields})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("file_name,text\n0.png,a\n\n  \n1.png,b", ["a", "b"]),
        ("file_name,text\r\n0.png,a\r\n1.png,b\r\n", ["a", "b"]),
        ("file_name,text\r0.png,a\r1.png,b\r", ["a", "b"]),
        ("\ufefffile_name,text\n0.png,a\n", ["a"]),
        ('\n"file_name","text"\n"0.png","a, ""b"""\n', ['a, "b"']),
        ('file_name,text\n0.png,"a\nb"\n', ["a\nb"]),
        ("text,license,file_name\na,CC BY,0.png\n", ["a"]),
        ("file_name,text\n0.png,\n1.png,a\n", [None, "a"]),
        (f"file_name,text\n0.png,{SEPARATORS}\n", [SEPARATORS]),
        ('file_name,text\n0.png,a 5" pipe\n', ['a 5" pipe']),
        ('file_name,text\n0.png," a, b"\n', [" a, b"]),
        (",file_name,text,\n0,0.png,a,\n1,1.png,b,\n", ["a", "b"]),
    ],
)
def test_csv(tmp_path, text, wanted):
    assert captions(tmp_path, "metadata.csv", text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (jsonl() + "\r\n\r\n" + jsonl(text="b"), ["a", "b"]),
        (jsonl() + "\r" + jsonl(text="b"), ["a", "b"]),
        ("\ufeff" + jsonl(), ["a"]),
        (jsonl(text=None) + "\n" + jsonl(text=" "), [None, None]),
        (json.dumps({"file_name": "0.png", "text": SEPARATORS}, ensure_ascii=False), [SEPARATORS]),
        (jsonl(score=float("nan"), tags=["x"]), ["a"]),
    ],
)
def test_jsonl(tmp_path, text, wanted):
    assert captions(tmp_path, "metadata.jsonl", text) == wanted


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.csv", 'file_name,text,target,words\n0.png,a,b c d,"b c, d,"\n'),
        ("metadata.jsonl", jsonl(target="b c d", words="b c,d")),
        ("metadata.jsonl", jsonl(target="b c d", words=["b c", " d", ""])),
    ],
)
def test_words_are_phrases(tmp_path, name, text):
    assert rows(tmp_path, name, text) == [Row("0.png", "a", "b c d", ("b c", "d"))]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file_name,text\n0.png,a, b, c\n", "line 2, row 1 has 4 fields, the header 2: quote"),
        ('file_name,text\n0.png,"a\nb"\n\n1.png\n', "line 5, row 2 has 1 fields, the header 2"),
        ("file_name,text,target\n0.png,a, b\n", "line 2, row 1 has a space before 'b': quote"),
        ('file_name,text\n0.png, "a"\n', "row 1 has a space before '\"a\"'"),
        ('file_name,text\n0.png,"a\n1.png,b\n', "line 2: the row .* beyond line 3 .*: close"),
        ('file_name,text\n0.png,x\n1.png,"a\n2.png,"b"\n', "line 3: the row that begins here"),
        ('file_name,text\n0.png,"a" b\n', "line 2: the row that begins here can't be read"),
        ('file_name,text\n0.png,"' + "a\n" * 70000, "line 2: .*field larger than field limit"),
        ("file_name,text\n0.png,a\n1.png,\0\n", "line 3, has a NUL byte"),
        ("file_name,text\n0.png,a\n".encode("utf-16-le"), "line 1, has a NUL byte"),
        ("file_name,text\n0.png,a\n".encode("utf-16"), "is not in UTF-8"),
        ("file_name,text,text\n0.png,a,b\n", "two columns 'text'"),
        ("file_name,text,\n0.png,a,shiny\n", "row 1 has 'shiny' in a column without a name"),
        ("file_name, text\n0.png,a\n", "columns 'file_name', ' text': expected are file_name, te"),
        ("file_name,text, target\n0.png,a,b\n", "columns .*' target': expected"),
        ("file_name,text,Target\n0.png,a,b\n", "columns .*'Target': expected"),
        ("file_name;text\n0.png;a, b\n", "columns 'file_name;text': expected"),
        ("file_name\ttext\n0.png\ta\n", r"columns 'file_name\\ttext': expected"),
        ("file_name,caption\n0.png,a\n", "columns 'file_name', 'caption': expected"),
        ("0.png,a\n1.png,b\n", "columns '0.png', 'a': expected"),
        ("file_name,text\n,a\n", "row 1: file_name is missing"),
    ],
)
def test_what_a_csv_leaves_open_is_named(tmp_path, text, says):
    with pytest.raises(InputError, match=f"metadata.csv.*{says}"):
        rows(tmp_path, "metadata.csv", text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"text": "x"}', "columns 'text': expected"),
        ('{"file_name": "0.png", "caption": "x"}', "columns 'file_name', 'caption': expected"),
        (jsonl() + '\n{"text": "x"}', "line 2, row 2: file_name is missing"),
        ("\n{", "line 2, is not a JSON object .*: write one {...} a line"),
        (jsonl() + ",\n" + jsonl(), "line 1, is not a JSON object .*without commas"),
        ("[" + jsonl() + "]", "line 1, is not a JSON object .it is a list.*brackets"),
        ("[" * 100000, "line 1, is not a JSON object"),
        ('{"file_name": "0.png", "text": "a", "text": "b"}', "line 1, .*'text' is there twice"),
        (jsonl(text=5), "row 1: text is not a text but 5: put it in quotes"),
        (jsonl(text=float("nan")), "text is not a text but nan"),
        (jsonl(type=1), "type is not a text but 1"),
        (jsonl(target=["b"]), "target is not a text but .'b'.: put"),
        (jsonl(text="a\ud800"), r"text has '\\ud800', which is not a character"),
        (jsonl(words=["\udfff"]), r"words has '\\udfff', which is not a character"),
        (jsonl(text="a\0"), r"text has '\\x00', which is not a character"),
        (jsonl(words=5), "words is neither a text nor a list of texts but 5"),
        (jsonl(words=["a", 5]), "words is neither a text nor a list of texts but .'a', 5.: write"),
        (jsonl(words={}), "words is neither a text nor a list of texts but {}"),
        (jsonl(file_name="."), "file_name is missing"),
        (jsonl(file_name="a\nb.png"), "has a control character: rename"),
    ],
)
def test_what_a_jsonl_leaves_open_is_named(tmp_path, text, says):
    with pytest.raises(InputError, match=f"metadata.jsonl.*{says}"):
        rows(tmp_path, "metadata.jsonl", text)


@pytest.mark.parametrize(
    "name",
    ["/0.png", "../0.png", "a/../0.png", "a/..", "\\0.png", "..\\0.png", "C:\\0.png", "c:/0.png"],
)
def test_a_name_outside_the_folder_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"row 1: .* lies outside the folder: copy") as error:
        rows(tmp_path, "metadata.jsonl", jsonl(file_name=name))
    assert f"row 1: file_name {name!r} lies" in str(error.value)


@pytest.mark.parametrize("name", ["..png", "a..b/0.png", "a:b.png", "1:2.png", "~/0.png"])
def test_a_name_that_only_looks_so_is_taken(tmp_path, name):
    assert rows(tmp_path, "metadata.jsonl", jsonl(file_name=name))[0].file_name == name
