"""Files that are whole or absent."""

import pytest

from experiments.files import append_lines, read_lines, write_aside
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
