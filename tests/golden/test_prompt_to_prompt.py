"""Prompt-to-Prompt: plain calls of attention equal the edit of maps that are held in full."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from torch import Tensor

from baselines.prompt_to_prompt import PromptToPrompt
from pti.diffusion.alignment import identical, refined, replaced
from pti.diffusion.attention import Reweighted
from pti.diffusion.branches import BranchRows
from pti.diffusion.control import open_attention
from pti.diffusion.layers import layers_of
from pti.diffusion.two_branches import TwoBranches
from pti.errors import InputError
from tests.explicit import (
    PICTURES,
    Explicit,
    K,
    Place,
    close,
    edited,
    model_and_inversion,
    three_rows,
    written_out,
)
from tests.tiny import edit_batch, tiny_batch, tiny_model

pytestmark = pytest.mark.golden

REPLACED = {
    "targets": ("a blue star on wood", "a red ox on snow"),
    "phrases": (("blue", "wood"), ("ox",)),
}
"""Words in the same places; "ox" is the only one of several tokens."""


@dataclass
class Swapping(Explicit):
    """Edits maps of the target's row by those of the source's: rows are null, source, target."""

    moved: Tensor = field(default_factory=lambda: torch.zeros(0))
    own: Tensor = field(default_factory=lambda: torch.zeros(0))
    factors: Tensor = field(default_factory=lambda: torch.ones(1))
    crossed: int = 0
    looked: int = 0
    widest: int = 8
    later: Tensor = field(default_factory=lambda: torch.ones(1))
    """What the target's maps are multiplied by at every step, after all else."""

    def maps(self, place: Place, maps: Tensor) -> Tensor:
        """A' = al e (A_source M + own A_target) + (1 - al) A_target, and A' = A_source."""
        null, source, target = maps.chunk(3)
        if place.crosses:
            if self.step < self.crossed:
                from_source = torch.einsum("bhpi,bij->bhpj", source, self.moved.to(source))
                kept = from_source + self.own[:, None, None] * target
                target = self.factors[:, None, None] * kept
            target = target * self.later[:, None, None]
        elif self.step < self.looked and place.side <= self.widest:
            target = source
        return torch.cat([null, source, target])


def batch_of(change):
    made = edit_batch(PICTURES)
    return made if change == "refine" else replace(made, **REPLACED)


def swapping(model, batch, change, **fields):
    align = {"refine": refined, "replace": replaced}[change]
    found = align(model, batch.captions, batch.targets)
    ones = torch.ones(len(batch), 12)
    given: dict[str, Any] = {"factors": ones, "later": ones, **fields}
    return Swapping(moved=found.moved, own=found.own, **given)


def columns(batch, named):
    """Factors by the place of a token, of captions whose words are one token each."""
    made = torch.ones(len(batch), 12)
    for row, places in enumerate(named):
        for place, factor in places.items():
            made[row, place] = factor
    return made


WINDOWS = [(0.0, 0.5, 2), (0.5, 0.5, 1), (1.0, 1.0, 2), (0.5, 0.0, 1)]
COUNTS = {0.0: (0, 0), 0.5: (2, 2), 1.0: (5, 4)}
"""Steps of cross-attention, int(share * (K + 1)), and of self-attention, int(share * K)."""


@pytest.mark.parametrize("change", ["refine", "replace"])
@pytest.mark.parametrize(("cross", "own", "limit"), WINDOWS)
def test_terms_equal_edited_maps(change, cross, own, limit):
    (model, inversion), batch = model_and_inversion(), batch_of(change)
    edit = swapping(
        model,
        batch,
        change,
        crossed=COUNTS[cross][0],
        looked=COUNTS[own][1],
        widest={1: 16, 2: 8}[limit],
    )
    rows = three_rows(model, batch, batch.captions)
    expected = written_out(model, inversion, rows, edit.at)
    close(edited(model, inversion, batch, PromptToPrompt(change, cross, own, limit)), expected)


def test_a_limit_leaves_wider_layers_to_themselves():
    (model, inversion), batch = model_and_inversion(), edit_batch(PICTURES)
    by_limit = [
        edited(model, inversion, batch, PromptToPrompt("refine", 0.0, 1.0, limit))
        for limit in (1, 2, 4)
    ]
    plain = written_out(model, inversion, three_rows(model, batch, batch.captions))
    close(by_limit[2], plain)
    for one, other in ((0, 1), (1, 2)):
        assert (by_limit[one] - by_limit[other]).abs().max() > 1e-3


WEIGHED = [
    (
        "refine",
        PromptToPrompt("refine", 0.5, 0.5, weight=2.0),
        # "ring" and "heart": the words that are named as changed.
        [{3: 2.0}, {3: 2.0}],
    ),
    (
        "refine",
        PromptToPrompt("refine", 1.0, 0.5, weight=2.0, reweight={"on": -1.5}),
        [{3: 2.0, 4: -1.5}] * 2,
    ),
    (
        "replace",
        PromptToPrompt("replace", 0.5, 0.5, weight=3.0, reweight={"on": 0.5}),
        # "ox" is two tokens, of which each is multiplied.
        [{2: 3.0, 5: 3.0, 4: 0.5}, {3: 3.0, 4: 3.0, 5: 0.5}],
    ),
]


@pytest.mark.parametrize(("change", "control", "named"), WEIGHED)
def test_weights_multiply_columns_inside_the_window(change, control, named):
    (model, inversion), batch = model_and_inversion(), batch_of(change)
    crossed, factors = COUNTS[control.cross_steps][0], columns(batch, named)
    edit = swapping(model, batch, change, factors=factors, crossed=crossed, looked=2)
    rows = three_rows(model, batch, batch.captions)
    close(edited(model, inversion, batch, control), written_out(model, inversion, rows, edit.at))


@pytest.mark.parametrize("change", ["refine", "replace"])
def test_a_mask_s_weights_multiply_what_the_edit_gives(change):
    """They came first, so they act last, and at every step."""
    (model, inversion), batch = model_and_inversion(), batch_of(change)
    later = columns(batch, [{1: 4.0}, {2: 0.25, 3: 3.0, 6: 2.0}])
    factors = columns(batch, [{4: 2.0}, {4 if change == "refine" else 5: 2.0}])
    control = PromptToPrompt(change, 0.5, 0.5, reweight={"on": 2.0})
    edit = swapping(model, batch, change, factors=factors, later=later, crossed=2, looked=2)
    rows = three_rows(model, batch, batch.captions)
    with open_attention(model) as attention, attention.controlled(Reweighted(later)):
        made = edited(model, inversion, batch, control)
    close(made, written_out(model, inversion, rows, edit.at))


def test_a_prompt_against_itself_is_weighed_in_place():
    """Nothing is aligned: tokens keep their places even where a word occurs twice."""
    model, inversion = model_and_inversion()
    batch = replace(tiny_batch(PICTURES), phrases=(("red",), ("blue",)))
    found = identical(model, batch.targets)
    edit = swapping(model, batch, "refine", factors=columns(batch, [{2: 4.0}] * 2), crossed=5)
    edit.moved, edit.own = found.moved, found.own
    made = edited(model, inversion, batch, PromptToPrompt("replace", 1.0, 0.0, weight=4.0))
    rows = three_rows(model, batch, batch.captions)
    close(made, written_out(model, inversion, rows, edit.at))


def terms_of(control_at, step, layer):
    """What a control makes of no terms: none where it changes nothing."""
    control = control_at(step)
    return control(layer, [], 3 * 3)


@pytest.mark.parametrize(
    ("cross", "own", "crossed", "looked"),
    [(0.4, 0.6, 2, 2), (0.39, 0.74, 1, 2), (0.8, 0.75, 4, 3), (0.19, 0.24, 0, 0), (1, 1, 4, 4)],
)
def test_windows_end_where_the_authors_do(cross, own, crossed, looked):
    model, rows = tiny_model(), BranchRows(3, False, True, torch.device("cpu"))
    batch = edit_batch()
    first = {layer.kind: layer for layer in reversed(layers_of(model))}
    acting = dict.fromkeys(first, 0)
    with PromptToPrompt("refine", cross, own)(model, rows, K, batch) as control_at:
        for kind, layer in first.items():
            acting[kind] = sum(bool(terms_of(control_at, step, layer)) for step in range(K))
    assert acting == {"cross": crossed, "self": looked}


def test_terms_are_where_the_rows_are():
    """A GPU's indices can't select from what is left on the CPU; here no GPU is needed."""
    model, batch = tiny_model(), edit_batch()
    rows = BranchRows(3, False, True, torch.device("meta"))
    layer = next(one for one in layers_of(model) if one.kind == "cross")
    with PromptToPrompt()(model, rows, K, batch) as control_at:
        terms = terms_of(control_at, 0, layer)
    assert len(terms) == 2
    for term in terms:
        assert term.mix is not None
        assert {term.rows.device, term.mix.device} == {rows.device}


@pytest.mark.parametrize(
    ("control", "fields", "said"),
    [
        (
            PromptToPrompt("replace"),
            {"targets": ("a red star",) * 3},
            "have 5 and 3 words.*change=refine",
        ),
        (
            PromptToPrompt(reweight={"moon": 2.0}),
            {},
            "'a blue ring on snow' does not contain 'moon'",
        ),
        (PromptToPrompt(weight=2.0), {"phrases": (("moon",),) * 3}, "does not contain 'moon'"),
    ],
)
def test_what_cannot_be_edited_is_said(control, fields, said):
    model, batch = tiny_model(), replace(edit_batch(), **fields)
    with pytest.raises(InputError, match=said):
        TwoBranches(control).check(model, batch)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"cross_steps": 1.1}, "cross_steps=1.1"),
        ({"self_steps": -0.1}, "self_steps=-0.1"),
        ({"self_limit": 0}, "self_limit=0"),
    ],
)
def test_values_out_of_range_are_refused(fields, said):
    with pytest.raises(ValueError, match=said):
        PromptToPrompt(**fields)


def test_a_unet_with_processors_of_its_own_is_refused():
    (model, inversion), batch = model_and_inversion(), edit_batch(PICTURES)
    with (
        Explicit().at(model, 0),
        pytest.raises(InputError, match=r"its own \(_Processor\).*set the default ones"),
    ):
        edited(model, inversion, batch, PromptToPrompt())
