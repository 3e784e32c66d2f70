"""Prompt-to-Prompt's alignments: written out, and against all alignments of short prompts."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from pti.diffusion.alignment import identical, refined, replaced
from pti.diffusion.byte_tokenizer import byte_tokenizer
from pti.errors import InputError
from tests.tiny import reader

pytestmark = pytest.mark.golden

LENGTH = 12
MODEL = reader(byte_tokenizer(["a", "big", "blue", "cat", "dog", "on", "red"], LENGTH), LENGTH)
"""Each of these words is a token; others are spelled: "ox" and "it's" are o x and i t ' s."""

PROMPTS = [
    "",
    "a",
    "a red cat on a red ox",
    "it's a dog",
    "A Cat",
    "ox ox ox",
    "a a a a a a a a a a",
]


def partners(source: str, target: str) -> list[int | None]:
    """The place in the source of each token's partner, from a checked alignment."""
    found = refined(MODEL, [source], [target])
    moved, own = found.moved[0], found.own[0]
    assert torch.equal(moved.sum(0) + own, torch.ones(LENGTH))
    assert set(moved.unique().tolist()) <= {0, 1}
    return [None if own[j] else int(moved[:, j].argmax()) for j in range(LENGTH)]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("a red cat", "a cat on blue", [0, 1, 3, None, None, 4]),
        ("a cat", "a big red cat", [0, 1, None, None, 2, 3]),
        ("a cat", "a dog", [0, 1, None, 3]),
        ("red blue", "blue red", [0, 2, None, 3]),
        ("a a", "a", [0, 1, 3]),
        ("a", "a a", [0, 1, None, 2]),
        ("an ox", "a red ox", [0, None, None, 3, 4, 5]),
        ("A Cat", "a cat", [0, 1, 2, 3]),
        ("", "a", [0, None, 1]),
        ("a red cat", "", [0, 4]),
    ],
)
def test_shared_tokens_are_partners_and_padding_keeps_its_place(source, target, expected):
    assert partners(source, target) == expected + list(range(len(expected), LENGTH))


def alignments(source: list[int], target: list[int]) -> Iterator[tuple[int, list[int | None]]]:
    """Every alignment with its score: those first that leave out the target's last token, then
    those that leave out the source's."""
    if not source and not target:
        yield 0, []
    if target:
        for score, found in alignments(source, target[:-1]):
            yield score, [*found, None]
    if source:
        yield from alignments(source[:-1], target)
    if source and target:
        gain = 1 if source[-1] == target[-1] else -1
        for score, found in alignments(source[:-1], target[:-1]):
            yield score + gain, [*found, len(source) - 1]


def test_no_alignment_scores_higher_and_ties_are_settled_from_the_end():
    chance = np.random.default_rng(0)
    for _ in range(60):
        source, target = (
            " ".join(chance.choice(["a", "cat", "dog"], size=chance.integers(4))) for _ in range(2)
        )
        _, best = max(
            alignments(MODEL.tokens(source)[0], MODEL.tokens(target)[0]), key=lambda found: found[0]
        )
        assert partners(source, target)[: len(best)] == best


def test_a_prompt_and_itself_are_aligned_in_place():
    expected = identical(MODEL, PROMPTS)
    assert torch.equal(expected.moved, torch.eye(LENGTH).expand(len(PROMPTS), -1, -1))
    assert not expected.own.any()
    for align in (refined, replaced):
        found = align(MODEL, PROMPTS, PROMPTS)
        assert torch.equal(found.moved, expected.moved)
        assert torch.equal(found.own, expected.own)


def matrix(*entries: tuple[int, int, float]):
    made = torch.zeros(LENGTH, LENGTH)
    for i, j, value in entries:
        made[i, j] = value
    return made


def diagonal(first: int, last: int) -> list[tuple[int, int, float]]:
    return [(at, at, 1.0) for at in range(first, last)]


START = [*diagonal(0, 2), (2, 2, 0.5), (2, 3, 0.5)]
"""Of two prompts that begin with "a cat" and "a ox"."""

REPLACED = [
    ("a red cat", "a blue dog", diagonal(0, 12)),
    ("an ox", "an it", diagonal(0, 12)),
    # "on" and "a" are the source's 3 and 4 and the target's 4 and 5, yet keep their places.
    ("a cat on a", "a ox on a", [*START, *diagonal(4, 12)]),
    # Up to the last word that changed, equal words are partners wherever they stand.
    ("a cat on red", "a ox on blue", [*START, (3, 4, 1), (4, 5, 1), *diagonal(6, 12)]),
    ("a cat on it", "a ox on ox", [*START, (3, 4, 1), (4, 5, 1), (5, 6, 1), *diagonal(7, 12)]),
    # The source is longer by a token: the target's last token has no partner.
    ("a ox on a", "a cat on a", [*diagonal(0, 3), (3, 2, 1), *diagonal(3, 11)]),
    (
        "it's a",
        "ox a",
        [(0, 0, 1), *((i, j, 0.5) for i in (1, 2, 3, 4) for j in (1, 2)), *diagonal(3, 10)],
    ),
]


@pytest.mark.parametrize(("source", "target", "expected"), REPLACED)
def test_a_word_takes_the_attention_of_the_word_in_its_place(source, target, expected):
    found = replaced(MODEL, [source], [target])
    assert torch.equal(found.moved[0], matrix(*expected))
    assert not found.own.any()


def test_a_row_of_a_replaced_word_is_shared_out_among_its_tokens():
    """Attention to a word is neither lost nor gained, whatever its tokens number."""
    found = replaced(MODEL, ["a cat on a dog", "it's a cat"], ["a ox on a it", "a it's a"])
    for moved, before, after in zip(found.moved, (6, 7), (8, 7), strict=True):
        torch.testing.assert_close(moved[:before].sum(1), torch.ones(before))
        torch.testing.assert_close(moved[:, :after].sum(), torch.tensor(float(before)))


def test_the_kind_and_number_of_gaps_change_nothing():
    plain = replaced(MODEL, ["a cat on red"], ["a ox on blue"])
    wide = replaced(MODEL, [" a  cat\ton red"], ["a ox on\n blue "])
    assert torch.equal(plain.moved, wide.moved)


def test_each_pair_of_a_batch_is_aligned_by_itself():
    sources, targets = ["a cat", "a red cat", "on a"], ["a dog", "a blue ox", "on a"]
    for align in (refined, replaced):
        together = align(MODEL, sources, targets)
        for row, pair in enumerate(zip(sources, targets, strict=True)):
            alone = align(MODEL, *([prompt] for prompt in pair))
            assert torch.equal(together.moved[row], alone.moved[0])
            assert torch.equal(together.own[row], alone.own[0])


def test_other_numbers_of_words_cannot_be_replaced():
    with pytest.raises(InputError, match=r"'a cat' and 'a red cat' have 2 and 3 words.*=refine"):
        replaced(MODEL, ["a cat"], ["a red cat"])


FITS, LONG = "a a a a a a a a a cat", "a a a a a a a a a ox"


@pytest.mark.parametrize("align", [refined, replaced])
@pytest.mark.parametrize("pair", [(FITS, LONG), (LONG, FITS)])
def test_a_prompt_that_is_cut_off_cannot_be_aligned(align, pair):
    with pytest.raises(InputError, match=r"than the 12 tokens .* 'x' was cut off, .* shorten it"):
        align(MODEL, *([prompt] for prompt in pair))
    same = align(MODEL, [LONG], [LONG])
    assert torch.equal(same.moved, identical(MODEL, [LONG]).moved), "nothing has to be aligned"
