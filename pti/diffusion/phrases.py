"""Phrases in a prompt, found as people read them: by letters, not by code points or tokens."""

import unicodedata

import regex

CHARACTER = regex.compile(r"\s+|\X")
"""As people count them: an accent belongs to its letter, a joined emoji is one, and so are gaps."""

SPACED = regex.compile(
    r"[[\p{L}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Line_Break=SA}]]", regex.V1
)
"""What words are made of, in scripts that set them apart or join nothing else to them."""


def plain(text: str) -> str:
    """The text with whatever spellings of it share: case, composition, the shape of apostrophes."""
    lower = unicodedata.normalize("NFC", text).casefold()
    return unicodedata.normalize("NFC", lower).replace("\u2019", "'")


def spans(phrase: str, text: str) -> list[tuple[int, int]]:
    """Where ``phrase`` stands in ``text`` as whole words: begin and end, as offsets into ``text``.

    Any whitespace equals any other. In scripts without gaps between words, any part is found.
    """
    characters = list(CHARACTER.finditer(text))
    plain_text, plain_phrase = _each(text), _each(phrase.strip())
    size = len(plain_phrase)
    return [
        (characters[begin].start(), characters[begin + size - 1].end())
        for begin in range(len(plain_text) - size + 1)
        if plain_text[begin : begin + size] == plain_phrase
        and not _cuts_a_word(plain_text, begin)
        and not _cuts_a_word(plain_text, begin + size)
    ]


def _each(text: str) -> list[str]:
    return [" " if part.isspace() else plain(part) for part in CHARACTER.findall(text)]


def _cuts_a_word(text: list[str], at: int) -> bool:
    return 0 < at < len(text) and all(SPACED.match(part) for part in text[at - 1 : at + 1])
