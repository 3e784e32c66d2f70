"""Where phrases stand in a prompt, as text and as tokens."""

import pytest

from data.scenes.embedded import MODEL
from data.scenes.spec import ALL_SPECS
from pti.diffusion.byte_tokenizer import byte_tokenizer
from pti.diffusion.load import CLIPTokenizer
from pti.diffusion.phrases import spans
from pti.errors import InputError
from tests.tiny import reader

NFD_CAFE = "cafe\N{COMBINING ACUTE ACCENT}"
CAFE = "caf\N{LATIN SMALL LETTER E WITH ACUTE}"


@pytest.mark.parametrize(
    ("phrase", "text", "places"),
    [
        ("cat", "a cat and a CAT", ["cat", "CAT"]),
        ("cat", "a catalogue, a bobcat", []),
        ("cat", "a cat's hat", ["cat"]),
        ("cat's hat", "a cat\u2019s  hat", ["cat\u2019s  hat"]),
        ("stop", "says 'stop' twice", ["stop"]),
        ("'stop'", "says 'stop' twice", ["'stop'"]),
        ("red star", "a red\n\tstar", ["red\n\tstar"]),
        ("red star", "a red star red star", ["red star", "red star"]),
        (CAFE, f"a {NFD_CAFE} table", [NFD_CAFE]),
        (NFD_CAFE, f"a {CAFE.upper()} table", [CAFE.upper()]),
        ("cafe", f"a {NFD_CAFE} table", []),
        ("t-shirt", "a t-shirt", ["t-shirt"]),
        ("3d", "a 3d cat in 2023", ["3d"]),
        ("2", "a 3d cat in 2023", []),
        ("🎩", "a cat🎩🎩", ["🎩", "🎩"]),
        ("👩", "a 👩‍🎨", []),
        ("红色", "一只红色的猫", ["红色"]),
        ("고양이", "고양이를 본다", ["고양이"]),
        ("แมว", "แมวสีแดง", ["แมว"]),
        ("シャツ", "赤いTシャツ", ["シャツ"]),
        ("...", "a cat...", ["..."]),
        (" cat ", "cat", ["cat"]),
    ],
)
def test_a_phrase_is_found_as_text(phrase, text, places):
    assert [text[begin:end] for begin, end in spans(phrase, text)] == places


WORDS = ["a", "cat", "hat", "'s", "top", "stop", "says", "t", "shirt", "table"]
TOKENIZER = byte_tokenizer(WORDS, 32)
SHIPPED = CLIPTokenizer.from_pretrained(MODEL, subfolder="tokenizer", local_files_only=True)


@pytest.mark.parametrize(
    ("prompt", "phrases", "tokens"),
    [
        ("a cat's hat", ["cat's"], "cat 's"),
        ("a cat's hat", ["hat"], "hat"),
        ("a table says 'stop'", ["stop"], "'s top"),
        ("says stop", ["stop"], "stop"),
        (f"a {NFD_CAFE} table", [CAFE], CAFE),
        (f"a {CAFE} table", [NFD_CAFE, "table"], f"{CAFE} table"),
        ("a T-Shirt", ["t-shirt"], "t - shirt"),
        ("a cat 🎩 hat", ["🎩"], "🎩"),
        ("一只红色的猫", ["红色"], "红色"),
        ("a hat, a  hat", ["a hat"], "a hat a hat"),
        ("a cat, a hat", [","], ","),
    ],
)
def test_a_phrase_has_the_tokens_that_spell_it(prompt, phrases, tokens):
    positions = reader(TOKENIZER, 32).positions(prompt, phrases)
    ids = TOKENIZER(prompt).input_ids
    assert TOKENIZER.decode([ids[at] for at in positions]) == tokens


def by_tokens(tokenizer, prompt, phrase):
    """Ordinary words are the tokens that they are alone."""
    whole, part = (tokenizer.encode(text, add_special_tokens=False) for text in (prompt, phrase))
    size = len(part)
    starts = [at for at in range(len(whole)) if whole[at : at + size] == part]
    return sorted({1 + start + offset for start in starts for offset in range(size)})


@pytest.mark.parametrize("tokenizer", [TOKENIZER, SHIPPED], ids=["bytes", "shipped"])
def test_ordinary_words_are_where_their_tokens_are(tokenizer):
    for spec in ALL_SPECS[::17]:
        for phrase in (*spec.caption.split(), spec.thing.words):
            at = reader(tokenizer, 64).positions(spec.caption, [phrase])
            assert at == by_tokens(tokenizer, spec.caption, phrase)


def test_positions_count_from_the_first_token_whichever_side_is_padded():
    tokenizer = byte_tokenizer(WORDS, 8)
    tokenizer.padding_side = "left"
    assert reader(tokenizer, 8).positions("a cat", ["cat"]) == [6]


@pytest.mark.parametrize(
    ("phrases", "says"),
    [
        (["moon"], "does not contain 'moon'"),
        (["cat", ""], "an empty phrase"),
        ([" \t"], "an empty phrase"),
        (["!"], "does not contain '!'"),
        ([], "no words"),
        (["table"], "'table' was cut off"),
        (["hat table"], "'hat table' was cut off"),
    ],
)
def test_what_cannot_be_found_is_told(phrases, says):
    with pytest.raises(InputError, match=says):
        reader(TOKENIZER, 6).positions("a cat a hat table", phrases)


def test_a_phrase_is_found_where_it_was_not_cut_off():
    assert reader(TOKENIZER, 6).positions("a hat a cat hat", ["hat"]) == [2]
