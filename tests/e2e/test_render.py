"""``python -m data.scenes.render``."""

import sys

import numpy as np
import pytest
from PIL import Image

from data.scenes import render
from data.scenes.spec import SceneSpec, Thing

pytestmark = pytest.mark.e2e


@pytest.fixture
def command(monkeypatch):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["render.py", *words])
        render.main()

    return run


def pixels(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture)


@pytest.mark.parametrize("caption", ["a red star on grass", "Red Star on Grass"])
def test_it_draws_what_the_benchmark_would(command, tmp_path, caption):
    command(caption, "--seed", "3", "--out", str(tmp_path / "star.png"))
    expected = render.render(SceneSpec((Thing("red", "star"),), "grass"), 3)
    np.testing.assert_array_equal(pixels(tmp_path / "star.png"), expected)


def test_without_options_it_is_seed_0_as_scene_png(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command("an orange ring on snow")
    expected = render.render(SceneSpec((Thing("orange", "ring"),), "snow"), 0)
    np.testing.assert_array_equal(pixels("scene.png"), expected)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a pink star on grass"], "colour 'pink' is unknown; choose from red, orange"),
        (["a red star"], "background 'a red star' is unknown; choose from grass"),
        (["a star on grass"], 'a caption such as "a red star on grass"'),
        (["a big red star on grass"], "pattern 'big' is unknown; choose from plain, striped"),
        (["3 red stars on grass"], "'3' is unknown"),
        (["a red star on grass", "--seed", "-1"], "a seed from 0"),
        (["a red star on grass", "--seed", "x"], "--seed"),
        (["a red star on grass", "--out", "no/such/folder/star.png"], "no/such/folder/star.png"),
    ],
)
def test_bad_input_is_one_sentence(command, capsys, tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        command(*words)
    assert stop.value.code == 2
    assert says in capsys.readouterr().err.rpartition("error: ")[2]
    assert not list(tmp_path.iterdir())
