"""Keys of ordinary names are readable, and all are short enough for a file's name."""

from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest

from data.key import LONGEST, check_keys, key_of
from experiments.run.files import save_png
from pti.errors import InputError

DEEP = "/".join(["a folder of a folder"] * 20)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("x.png", "x.png"),
        ("a/x.png", "a__x.png"),
        ("a\\x.png", "a__x.png"),
        ("./a//x.png", "a__x.png"),
        (".x.png", ".x.png"),
        ("cafe\u0301.png", "caf\u00e9.png"),
        ("k" * LONGEST, "k" * LONGEST),
    ],
)
def test_an_ordinary_name_is_kept(name, key):
    assert key_of(name) == key


@pytest.mark.parametrize(
    "name", ["k" * (LONGEST + 1), f"{DEEP}/x.png", "\u732b" * 80, "\ud55c" * 80]
)
def test_a_long_name_is_cut_and_kept_apart(name):
    key = key_of(name)
    assert len(key.encode()) <= LONGEST
    assert key.startswith(name[:15])
    assert key_of(normalize("NFD", name)) == key
    assert key_of(f"{name}2") != key
    assert key_of(name.replace("/", "__", 1)) != key or "/" not in name


def test_a_long_key_ends_in_the_digest_of_its_name():
    """From ``sha256sum``: another key would have another seed, and make its picture again."""
    assert key_of("k" * 201) == "k" * 183 + "~ebf0ead0a3b837bc"


def test_the_longest_key_can_be_written(tmp_path):
    path = tmp_path / f"{key_of('k' * 400)}.png"
    save_png(path, np.zeros((2, 2, 3), np.uint8))
    assert path.is_file()


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("x.png", "x.png"), "metadata.csv lists x.png twice: keep one"),
        (("a/x.png", "a__x.png"), "metadata.csv lists a/x.png and a__x.png, whose"),
        (("cafe\u0301.png", "caf\u00e9.png"), "would have one name, caf\u00e9.png: rename one"),
    ],
)
def test_two_files_of_one_key_are_named(names, says):
    with pytest.raises(InputError, match=says):
        check_keys(Path("metadata.csv"), [(name, key_of(name)) for name in names])
