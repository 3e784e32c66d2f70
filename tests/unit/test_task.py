"""Which words of a target name what an edit changes, where the data set does not."""

import unicodedata

import pytest
from PIL import Image

from data.task import Task
from pti.diffusion.phrases import spans


def edited(caption, target, words=()):
    task = Task("1.png", caption, lambda: pytest.fail("opened"), target=target, words=words)
    return task.edited_words()


@pytest.mark.parametrize(
    ("caption", "target", "words"),
    [
        ("a red star", "a blue star", ("blue",)),
        ("a Red star", "a rED  Ring!", ("Ring",)),
        ("a cat", "a cat with a hat", ("with", "hat")),
        ("a cat wearing a hat", "a cat", ("cat",)),
        ("a cat wearing a hat", "the cat", ("cat",)),
        (
            "a red star and a blue ring",
            "a blue star and a red ring",
            ("blue", "star", "red", "ring"),
        ),
        ("a cat", "a cat's hat", ("hat",)),
        ("a cat\u2019s hat", "the cat's ball", ("the", "ball")),
        ("a dog", "a cat\u2019s hat", ("cat\u2019s", "hat")),
        ("a sign", "a sign: 'stop', \u201cnow\u201d", ("stop", "now")),
        ("a shirt", "a t-shirt", ("t-shirt",)),
        ("a cat", "a 3d cat - in 2023", ("3d", "in", "2023")),
        ("une photo", "une photo de l'\u00e9t\u00e9", ("de", "l'\u00e9t\u00e9")),
        ("a cat", "a cat 🎩❤️👩‍🎨🇫🇷", ("🎩", "❤️", "👩‍🎨", "🇫🇷")),
        ("a cat 🎩", "a 🎩", ("🎩",)),
        ("a cat", "一只红色的猫", ("一只红色的猫",)),
        ("一只猫", "一只猫", ("一只猫",)),
        ("a cat", "हिन्दी می‌خواهم", ("हिन्दी", "می‌خواهم")),
        (None, "The $1 Ring!", ("1", "Ring")),
        ("", "on the", ("on", "the")),
        ("a cat", "?!", ()),
        ("a cat", None, ()),
    ],
)
def test_the_words_that_are_new_or_else_all(caption, target, words):
    assert edited(caption, target) == words
    for word in words:
        assert spans(word, target), "each is found again"


@pytest.mark.parametrize("composed", [True, False])
def test_composition_makes_no_other_word(composed):
    forms = ("NFC", "NFD") if composed else ("NFD", "NFC")
    caption = unicodedata.normalize(forms[0], "a caf\u00e9")
    target = unicodedata.normalize(forms[1], "a caf\u00e9 table and a m\u00fcsli")
    assert edited(caption, target) == ("table", "and", target.split()[-1])


def test_words_that_are_named_are_taken_as_they_are():
    assert edited("a cat", "a dog", ("a dog", "?")) == ("a dog", "?")


def test_the_words_that_go_may_be_given():
    def replaced(target, old_words=()):
        opener = Image.Image
        task = Task("1.png", "a cat on grass", opener, target=target, old_words=old_words)
        return task.replaced_words()

    assert replaced("a dog on grass") == ("cat",)
    assert replaced("a dog on grass", ("cat on grass",)) == ("cat on grass",)
    assert replaced(None) == replaced("") == ()
    assert replaced(None, ("cat",)) == ("cat",)
