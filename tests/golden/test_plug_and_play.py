"""Plug-and-Play: features, queries and keys of the source's row, in a loop written out."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from baselines.plug_and_play import PlugAndPlay
from pti.diffusion.two_branches import TwoBranches
from pti.errors import InputError
from tests.explicit import (
    PICTURES,
    Explicit,
    Place,
    close,
    edited,
    model_and_inversion,
    three_rows,
    written_out,
)
from tests.tiny import edit_batch, tiny_model

pytestmark = pytest.mark.golden


def source_s(given: Tensor) -> Tensor:
    """The source's in every row; it is the one in the middle of three."""
    return torch.cat([given.chunk(3)[1]] * 3)


@dataclass
class Injecting(Explicit):
    """The authors' injection: of features at the first steps, of maps at the first few."""

    features: int = 0
    looked: int = 0
    block: int = 1
    place: int = 1

    def states(self, place: Place, query: Tensor, key: Tensor, value: Tensor):
        """Queries and keys of the source's row, from the block and place on."""
        if place.crosses or self.step >= self.looked or not place.name.startswith("up_blocks"):
            return query, key, value
        parts = place.name.split(".")
        if (int(parts[1]), int(parts[3])) < (self.block, self.place):
            return query, key, value
        return source_s(query), source_s(key), value

    @contextmanager
    def at(self, model, step: int) -> Generator[None]:
        """The model with this attention, and with the features copied, at a step."""
        convolution = model.unet.up_blocks[self.block].resnets[self.place].conv2
        copied = step < self.features

        def copy(_module, _given, out):
            return source_s(out) if copied else out

        handle = convolution.register_forward_hook(copy)
        with super().at(model, step):
            yield
        handle.remove()


CASES = [
    # int(.8 * 4) and int(.5 * 4) steps, as the authors count them.
    (PlugAndPlay(), 3, 2),
    (PlugAndPlay(block=0, place=0), 3, 2),
    (PlugAndPlay(feature_steps=0.0, self_steps=0.74, block=0), 0, 2),
    (PlugAndPlay(feature_steps=0.5, self_steps=0.0), 2, 0),
    (PlugAndPlay(feature_steps=1.0, self_steps=1.0, block=0), 4, 4),
]


@pytest.mark.parametrize(("control", "features", "looked"), CASES)
def test_it_equals_an_injection_written_out(control, features, looked):
    (model, inversion), batch = model_and_inversion(), edit_batch(PICTURES)
    edit = Injecting(features=features, looked=looked, block=control.block, place=control.place)
    rows = three_rows(model, batch, [""] * PICTURES)
    made = edited(model, inversion, batch, control)
    close(made, written_out(model, inversion, rows, edit.at))
    assert (made - written_out(model, inversion, rows)).abs().max() > 1e-3


def test_the_source_may_have_its_caption():
    (model, inversion), batch = model_and_inversion(), edit_batch(PICTURES)
    edit = Injecting(features=3, looked=2)
    rows = three_rows(model, batch, batch.captions)
    made = edited(model, inversion, batch, PlugAndPlay(source_prompt="inversion"))
    close(made, written_out(model, inversion, rows, edit.at))


@pytest.mark.parametrize("fields", [{"block": 2}, {"place": 5}, {"block": -1}])
def test_a_unet_without_the_block_is_refused(fields):
    control = PlugAndPlay(**fields)
    with pytest.raises(InputError, match=f"the UNet has no {control.convolution}: give block"):
        TwoBranches(control).check(tiny_model(), edit_batch())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"feature_steps": 1.5}, "feature_steps=1.5"),
        ({"self_steps": -1.0}, "self_steps=-1.0"),
    ],
)
def test_values_out_of_range_are_refused(fields, said):
    with pytest.raises(ValueError, match=said):
        PlugAndPlay(**fields)
