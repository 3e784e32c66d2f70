"""The domain of a small model: the pictures and the words that it was trained on."""

import re
from dataclasses import dataclass

WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Domain:
    """The words and the pictures that a model knows.

    ``words`` are lower-case, and ``about`` summarises them. ``pictures`` names the pictures, and
    ``psnr``, in dB, is the least that the autoencoder's round trip reaches on one of them.
    """

    words: frozenset[str]
    about: str
    pictures: str
    psnr: float

    def unknown(self, text: str) -> list[str]:
        """The words of ``text`` that the model never saw, once each."""
        words = dict.fromkeys(WORD.findall(text.lower()))
        return [word for word in words if word not in self.words]
