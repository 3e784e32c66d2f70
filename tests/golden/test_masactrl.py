"""MasaCtrl: the target's queries meet the source's keys and values, in a loop written out."""

from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from baselines.masactrl import MasaCtrl
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
    rows_of,
    three_rows,
    written_out,
)
from tests.tiny import edit_batch, tiny_model

pytestmark = pytest.mark.golden


@dataclass
class Mutual(Explicit):
    """Rows null target, source, target; or both null rows first, then both prompts'."""

    begin: int = 0
    least: int = 8
    both_nulls: bool = False

    def states(self, place: Place, query: Tensor, key: Tensor, value: Tensor):
        """Keys and values of the source's row for the target's, in the decoder."""
        decoder = place.name.startswith("up_blocks")
        if place.crosses or not decoder or self.step < self.begin or place.side < self.least:
            return query, key, value
        return query, self.of_source(key), self.of_source(value)

    def of_source(self, given: Tensor) -> Tensor:
        """Each row's, from the source's row of the same embedding, if it has two."""
        if not self.both_nulls:
            _, source, _ = given.chunk(3)
            return torch.cat([source] * 3)
        null, _, source, _ = given.chunk(4)
        return torch.cat([null, null, source, source])


@pytest.mark.parametrize(("begin", "finest"), [(0, 1), (2, 2), (K, 2)])
def test_it_equals_attention_written_out(begin, finest):
    (model, inversion), batch = model_and_inversion(), edit_batch(PICTURES)
    edit = Mutual(begin=begin, least={1: 16, 2: 8}[finest])
    rows = three_rows(model, batch, [""] * PICTURES)
    expected = written_out(model, inversion, rows, edit.at)
    made = edited(model, inversion, batch, MasaCtrl(begin, finest))
    close(made, expected)
    moved = (made - written_out(model, inversion, rows)).abs().max()
    assert moved < 1e-9 if begin == K else moved > 1e-3


@pytest.mark.parametrize("begin", [0, 3])
def test_the_inversion_s_prompt_keeps_its_null_row(begin):
    (model, inversion), batch = model_and_inversion(), edit_batch(PICTURES)
    edit = Mutual(begin=begin, both_nulls=True)
    null, (source, target) = [""] * PICTURES, (batch.captions, batch.targets)
    rows = rows_of(
        model, [("source", null), ("target", null), ("source", source), ("target", target)]
    )
    expected = written_out(model, inversion, rows, edit.at)
    close(edited(model, inversion, batch, MasaCtrl(begin, 2, "inversion")), expected)


def test_an_embedding_of_each_step_is_the_source_s():
    """As tuned prompts are: the source's row has that of its step, in both of its branches."""
    (model, inversion), batch = model_and_inversion(), edit_batch(PICTURES)
    drift = torch.linspace(0, 1, K, dtype=torch.float64)[:, None, None]
    tuned = replace(inversion, cond=inversion.cond + drift, null=inversion.null - drift)
    made = edited(model, tuned, batch, MasaCtrl(0, 2, "inversion"))
    assert (made - edited(model, inversion, batch, MasaCtrl(0, 2, "inversion"))).abs().max() > 1e-3
    empty = edited(model, replace(inversion, cond=tuned.cond), batch, MasaCtrl(0, 2))
    close(empty, edited(model, inversion, batch, MasaCtrl(0, 2)))


def test_a_unet_without_so_fine_a_layer_is_refused():
    model, batch = tiny_model(), edit_batch()
    with pytest.raises(InputError, match=r"finest=1: .* no self-attention of so fine a side"):
        TwoBranches(MasaCtrl(finest=1)).check(model, batch)
    TwoBranches(MasaCtrl(finest=2)).check(model, batch)


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"begin": -1}, "begin=-1"), ({"finest": 0}, "finest=0")],
)
def test_values_out_of_range_are_refused(fields, said):
    with pytest.raises(ValueError, match=said):
        MasaCtrl(**fields)
