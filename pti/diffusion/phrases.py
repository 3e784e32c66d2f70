"""Find phrases in a prompt by the characters that people see, not by code points or tokens."""

import unicodedata

import regex

CHARACTER = regex.compile(r"\s+|\X")
"""One character as people count them: a letter with accents, a joined emoji, or one gap."""

SPACED = regex.compile(
    r"[[\p{L}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Line_Break=SA}]]", regex.V1
)
"""Letters and digits of the scripts that separate words and attach no particles to them."""


def plain(text: str) -> str:
    """The text in normal form: lower case, composed accents and straight apostrophes."""
    lower = unicodedata.normalize("NFC", text).casefold()
    return unicodedata.normalize("NFC", lower).replace("\u2019", "'")


def spans(phrase: str, text: str) -> list[tuple[int, int]]:
    """Where ``phrase`` occurs in ``text`` as whole words: begin and end, as offsets into ``text``.

    All whitespace is equal. In scripts without gaps between words, any part of a text matches.
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
