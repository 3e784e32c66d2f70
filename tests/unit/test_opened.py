"""Pictures are opened once for all cells, and anew when they change."""

from dataclasses import dataclass, field

import pytest
from PIL import Image

from experiments.run.opened import squared
from pti.errors import InputError


@dataclass
class Counted:
    """An opener that says what its picture is, and counts how often it is opened."""

    name: str
    colour: str
    opened: list[str] = field(default_factory=list)

    def __call__(self):
        self.opened.append(self.name)
        return Image.new("RGB", (40, 20), self.colour)

    def identity(self):
        return f"{self.name} {self.colour}"


def test_a_picture_is_opened_once():
    first, again = Counted("a", "red"), Counted("a", "red")
    pixels = squared(first, 16)
    assert pixels.shape == (16, 16, 3)
    assert (pixels == (255, 0, 0)).all()
    assert squared(again, 16) is pixels
    assert (first.opened, again.opened) == (["a"], [])


def test_a_changed_picture_and_a_different_side_are_opened_anew():
    picture = Counted("b", "red")
    assert squared(picture, 16).shape == (16, 16, 3)
    assert squared(picture, 8).shape == (8, 8, 3)
    picture.colour = "blue"
    assert (squared(picture, 16) == (0, 0, 255)).all()
    assert len(picture.opened) == 3


def test_no_cell_can_change_the_picture_of_the_next():
    pixels = squared(Counted("c", "red"), 16)
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0] = 0


def test_a_picture_that_could_not_be_opened_is_tried_again():
    class Late(Counted):
        def __call__(self):
            if not self.opened:
                self.opened.append(self.name)
                raise InputError("not there yet")
            return super().__call__()

    late = Late("d", "red")
    with pytest.raises(InputError, match="not there yet"):
        squared(late, 8)
    assert (squared(late, 8) == (255, 0, 0)).all()
