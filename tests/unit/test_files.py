"""Files that are whole or absent, and JSON for any reader."""

import json
import math

import numpy as np
import pytest

from experiments.store.atomic import (
    Tail,
    WriteError,
    append_lines,
    read_lines,
    write_aside,
    write_json,
    write_lines,
    write_text,
)
from pti.errors import InputError


def test_a_torn_last_line_is_dropped_and_cut_off(tmp_path):
    path = tmp_path / "records.jsonl"
    append_lines(path, [{"key": "a"}])
    append_lines(path, [{"key": "b"}])
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"key": "c", "sta')

    assert [line["key"] for line in read_lines(path)] == ["a", "b"]
    append_lines(path, [{"key": "d"}])
    assert [line["key"] for line in read_lines(path)] == ["a", "b", "d"]


def test_a_file_that_is_only_a_torn_line_reads_as_empty(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_bytes(b'{"key"')
    assert read_lines(path) == []
    append_lines(path, [{"key": "a"}])
    assert read_lines(path) == [{"key": "a"}]


def test_a_damaged_line_in_the_middle_is_named(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_bytes(b'{"key": "a"}\n{"key"\n{"key": "c"}\n')
    with pytest.raises(InputError, match="line 2, is damaged"):
        read_lines(path)


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def fail(aside):
        aside.write_text("half")
        raise RuntimeError("disk")

    with pytest.raises(RuntimeError, match="disk"):
        write_aside(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def strictly(text):
    """JSON as the standard has it, of which NaN and Infinity are no part."""

    def refuse(word):
        raise ValueError(word)

    return json.loads(text, parse_constant=refuse)


ODD = {"inf": math.inf, "low": -math.inf, "nan": math.nan, "numpy": np.float64("inf"), "one": 1.0}


@pytest.mark.parametrize("write", [append_lines, write_lines])
def test_numbers_that_json_lacks_are_null_and_come_back(tmp_path, write):
    path = tmp_path / "scores.jsonl"
    write(path, [{"key": "inf", **ODD, "of": [{"a": math.inf}]}, {"key": "b", "psnr": 2.0}])
    first, second = (strictly(line) for line in path.read_text().splitlines())
    assert [first[name] for name in ODD] == [None] * 4 + [1.0]
    assert second == {"key": "b", "psnr": 2.0}
    back, plain = read_lines(path)
    assert back["key"] == "inf", "a text is never read as a number"
    assert [back[n] for n in ("inf", "low", "numpy")] == [math.inf, -math.inf, math.inf]
    assert math.isnan(back["nan"])
    assert back["of"] == [{"a": math.inf}]
    assert back.keys() == {"key", "of", *ODD}
    assert plain == second


def test_a_file_from_before_is_read_as_ever(tmp_path):
    path = tmp_path / "scores.jsonl"
    path.write_text('{"key": "a", "psnr": Infinity, "ssim": NaN}\n')
    (line,) = read_lines(path)
    assert line["psnr"] == math.inf
    assert math.isnan(line["ssim"])


def test_a_whole_file_is_json_too(tmp_path):
    write_json(tmp_path / "about.json", {"metrics": {"psnr": math.inf}, "values": (math.nan, 1)})
    assert strictly((tmp_path / "about.json").read_text()) == {
        "metrics": {"psnr": None, "not finite": {"psnr": "inf"}},
        "values": [None, 1],
    }


def test_a_name_as_long_as_the_disk_takes_can_be_written_on_any_host(tmp_path, monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "h" * 64)
    path = tmp_path / f"{'k' * 251}.txt"
    write_text(path, "whole")
    assert path.read_text("utf-8") == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_can_t_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    for write in (lambda path: write_text(path, ""), lambda path: append_lines(path, [])):
        with pytest.raises(WriteError) as caught:
            write(tmp_path / "file/lines.jsonl")
        assert str(tmp_path / "file") in str(caught.value.filename)


def test_a_growing_file_tells_each_line_once(tmp_path):
    path = tmp_path / "lines.jsonl"
    tail = Tail(path)
    assert tail.new() == []
    append_lines(path, [{"key": "a"}, {"key": "b"}])
    assert tail.new() == [{"key": "a"}, {"key": "b"}]
    with path.open("a") as stream:
        stream.write('{"key": "to')  # a process was killed here
    assert tail.new() == []
    append_lines(path, [{"key": "c"}])
    assert tail.new() == [{"key": "c"}]
    with path.open("a") as stream:
        stream.write("no JSON\n")
    with pytest.raises(InputError, match="line 4, is damaged"):
        tail.new()
