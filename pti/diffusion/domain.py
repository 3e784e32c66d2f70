"""What a small model was trained on, where that is less than any picture and any word."""

import re
from dataclasses import dataclass

WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Domain:
    """``words`` are lower-case, ``about`` says them in short.

    ``psnr``, in dB, is what the autoencoder's round trip of a picture of the domain reaches at
    least; ``pictures`` names those pictures.
    """

    words: frozenset[str]
    about: str
    pictures: str
    psnr: float

    def unknown(self, text: str) -> list[str]:
        """The words of ``text`` that the model never saw, once each."""
        words = dict.fromkeys(WORD.findall(text.lower()))
        return [word for word in words if word not in self.words]
