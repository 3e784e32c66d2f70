"""CLIP's tokenizer without CLIP's vocabulary file: it knows all bytes and the given words."""

import json
from collections.abc import Iterable
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"


def byte_tokenizer(texts: Iterable[str], max_tokens: int) -> CLIPTokenizer:
    """A tokenizer that keeps each word of ``texts`` whole and spells all others in bytes.

    ``texts`` are lower-case words and spaces. Any text can be encoded, without unknown tokens.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        initial_alphabet=alphabet,
        # Listing the word-final bytes fixes their ids, and so the merges are the same in each run.
        special_tokens=[START, END, *(f"{byte}</w>" for byte in alphabet)],
        end_of_word_suffix="</w>",
        vocab_size=49_408,
        show_progress=False,
    )
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    learner.train_from_iterator(sorted(set(texts)), trainer)
    learned = json.loads(learner.to_str())["model"]
    merges: Any = [tuple(pair) for pair in learned["merges"]]
    return CLIPTokenizer(learned["vocab"], merges, model_max_length=max_tokens)
