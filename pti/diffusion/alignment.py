"""Which tokens of a source prompt the tokens of a target prompt take their attention from.

Prompt-to-Prompt (Hertz et al., 2022, arXiv:2208.01626) gives a target prompt the cross-attention
maps of its source prompt. Ties, padding, and words of several tokens are settled as in the authors'
code (github.com/google/prompt-to-prompt, Apache-2.0), of which no line is taken.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pti.diffusion.model import LatentDiffusion, over
from pti.errors import InputError


@dataclass(frozen=True)
class Alignment:
    """Column j of a target's attention is sum_i A_source[:, i] moved[i, j] + own[j] A_target[:, j].

    Both are in float32, on the CPU, with values in [0, 1]. ``tokens`` is the model's
    ``text_length``, and the tokens are those of prompts padded at their ends.
    """

    moved: Float[Tensor, "b tokens tokens"]
    own: Float[Tensor, "b tokens"]


def identical(model: LatentDiffusion, prompts: Sequence[str]) -> Alignment:
    """Every token takes the source's attention to the token in its own place."""
    length = model.text_length
    moved = torch.eye(length).repeat(len(prompts), 1, 1)
    return Alignment(moved, own=torch.zeros(len(prompts), length))


def refined(model: LatentDiffusion, sources: Sequence[str], targets: Sequence[str]) -> Alignment:
    """Tokens that a target shares with its source take its attention, the others keep their own.

    Each column of ``moved`` and its place in ``own`` sum to 1. Padding keeps its place, so in a
    target of fewer tokens it takes the attention to the source's last words. Equal prompts are
    ``identical``. Raises ``InputError`` for a different one that the tokenizer cuts off.
    """
    result = identical(model, targets)
    for row, (source, target) in enumerate(zip(sources, targets, strict=True)):
        if source == target:
            continue
        pairs = _shared(_tokens(model, source)[0], _tokens(model, target)[0])
        for j, i in enumerate(pairs):
            result.moved[row, :, j] = 0
            if i is None:
                result.own[row, j] = 1
            else:
                result.moved[row, i, j] = 1
    return result


def replaced(model: LatentDiffusion, sources: Sequence[str], targets: Sequence[str]) -> Alignment:
    """Each word of a target takes the attention of the source's word in its place.

    ``own`` is 0. A column of ``moved`` sums to 1, but in a word of n tokens that stands for one of
    m, each column sums to m / n, and where the source has more tokens the last columns are 0.
    Raises ``InputError`` where the two differ in their number of words, and for a prompt that
    differs and that the tokenizer cuts off.
    """
    result = identical(model, targets)
    for row, (source, target) in enumerate(zip(sources, targets, strict=True)):
        if source == target:
            continue
        before, after = _words(model, source), _words(model, target)
        if len(before) != len(after):
            raise InputError(
                f"{source!r} and {target!r} have {len(before)} and {len(after)} words, so none "
                "stands for another: use change=refine"
            )
        words = enumerate(zip(source.split(), target.split(), strict=True), 1)
        upto = max((count for count, (old, new) in words if old != new), default=0)
        if upto:
            result.moved[row] = _word_by_word(before[:upto], after[:upto], model.text_length)
    return result


def _shared(source: list[int], target: list[int]) -> list[int | None]:
    """For each token of the target, the place of its partner in the source, if any.

    Needleman-Wunsch, with 1 for equal tokens, -1 for different ones and 0 for a gap. Two gaps cost
    less than a mismatch, so this is the longest common subsequence.
    """
    score = [[0] * (len(target) + 1) for _ in range(len(source) + 1)]
    for i, old in enumerate(source):
        for j, new in enumerate(target):
            apart = max(score[i][j + 1], score[i + 1][j])
            score[i + 1][j + 1] = score[i][j] + 1 if old == new else apart
    partners: list[int | None] = [None] * len(target)
    i, j = len(source), len(target)
    while i and j:
        # Of equally good alignments, the authors' leaves out a token of the target where it can,
        # then one of the source: of equal tokens the first ones become partners.
        if score[i][j] == score[i][j - 1]:
            j -= 1
        elif score[i][j] == score[i - 1][j]:
            i -= 1
        else:
            i, j = i - 1, j - 1
            partners[j] = i
    return partners


def _word_by_word(
    source: list[list[int]], target: list[list[int]], length: int
) -> Float[Tensor, "_ _"]:
    """The matrix of one prompt, from the tokens of each word up to the last that changed.

    What follows the last changed word keeps its own place, as in the authors' code, though the same
    words stand elsewhere where the numbers of tokens differ.
    """
    moved = torch.zeros(length, length)
    moved[0, 0] = 1
    for old, new in zip(source, target, strict=True):
        if len(old) == len(new):
            moved[old, new] = 1
        else:
            moved[old[0] : old[-1] + 1, new] = 1 / len(new)
    ends = source[-1][-1] + 1, target[-1][-1] + 1
    # The authors' walk goes on in both prompts, and stops at the end of the longer one.
    rest = torch.arange(ends[1], ends[1] + length - max(ends))
    moved[rest, rest] = 1
    return moved


def _words(model: LatentDiffusion, prompt: str) -> list[list[int]]:
    """The places of each word's tokens; words are what stands between gaps."""
    _, offsets = _tokens(model, prompt)
    return [over(offsets, word.span()) for word in re.finditer(r"\S+", prompt)]


def _tokens(model: LatentDiffusion, prompt: str) -> tuple[list[int], list[tuple[int, int]]]:
    """What ``model.tokens`` gives, of a prompt that is not too long."""
    if end := model.cut_by_tokenizer(prompt):
        raise InputError(
            f"{prompt!r} is longer than the {model.text_length} tokens that the text encoder "
            f"takes: {end!r} was cut off, so its words can't be aligned; shorten it"
        )
    return model.tokens(prompt)
