"""Control of a UNet's attention by rows: whose queries and keys a row uses, and on what values.

A row of the batch gets a sum of terms softmax(q k^T / sqrt d) M v, each of which is one plain call
of attention. No map of all pixels by all tokens is ever held. Controls that are in force together
act one after the other, the one that came last first.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import torch
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from pti.diffusion.layers import Layer, layers_of
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.precision import AttentionOnCpu
from pti.errors import InputError

Rows = Int[Tensor, " rows"]
"""Indices into the batch of a UNet call."""

Mix = Float[Tensor, "rows tokens tokens"]
"""M: entry i, j is the part of token j's value in what attention to token i gives."""

Heads = Float[Tensor, "b heads _ _"]
"""Queries, keys or values."""

KNOWN = (AttnProcessor, AttnProcessor2_0, AttentionOnCpu)
"""Processors whose output is that of plain attention, so that terms can take their place."""


@dataclass(frozen=True)
class Term:
    """A part of what ``rows`` get: by the queries, keys and values of the rows that are named.

    The four have one length; ``mix=None`` leaves the values as they are.
    """

    rows: Rows
    query: Rows
    key: Rows
    value: Rows
    mix: Mix | None = None

    def of(self, begin: int, end: int) -> "Term":
        """The part of the rows from ``begin`` to before ``end``."""
        kept = (begin <= self.rows) & (self.rows < end)
        mix = None if self.mix is None else self.mix[kept]
        return Term(self.rows[kept], self.query[kept], self.key[kept], self.value[kept], mix)

    def weighed(self, weights: Float[Tensor, "b tokens"], of: int) -> "Term":
        """With the attention to each token multiplied, for the last b rows of ``of``."""
        every = weights.new_ones(of, weights.shape[1])
        every[of - len(weights) :] = weights
        scales = every[self.rows]
        mix = torch.diag_embed(scales) if self.mix is None else self.mix * scales[:, None]
        return replace(self, mix=mix)


Terms = Sequence[Term]


Control = Callable[[Layer, Terms, int], Terms]
"""The terms of a layer, from those without this control, for a number of rows.

It returns the terms themselves to change nothing.
"""


@runtime_checkable
class Observer(Protocol):
    """Sees the attention of some layers, after all controls, at every UNet call."""

    def sees(self, layer: Layer) -> bool:
        """Whether it is interested."""
        ...

    def add(self, query: Heads, key: Heads, terms: Terms) -> None:
        """Take what it wants of a layer."""
        ...


@dataclass
class Attention:
    """The attention of a UNet, with the controls and observers that are in force."""

    layers: tuple[Layer, ...]
    controls: list[Control] = field(default_factory=list)
    observers: list[Observer] = field(default_factory=list)

    @contextmanager
    def controlled(self, control: Control | None) -> Generator[None]:
        """Use a control inside this context, closer to the UNet than those before it."""
        if control is None:
            yield
            return
        self.controls.append(control)
        try:
            yield
        finally:
            self.controls.remove(control)

    @contextmanager
    def observed(self, observer: Observer) -> Generator[None]:
        """Show an observer every UNet call inside this context."""
        self.observers.append(observer)
        try:
            yield
        finally:
            self.observers.remove(observer)

    def terms(self, layer: Layer, plain: Terms, count: int) -> Terms:
        """What all controls make of a layer."""
        terms = plain
        for control in reversed(self.controls):
            terms = control(layer, terms, count)
        return terms


@contextmanager
def open_attention(model: LatentDiffusion) -> Generator[Attention]:
    """The model's attention, open to controls inside this context, which may be nested.

    Without a control the UNet's output stays identical, bit by bit. Raises ``RuntimeError`` where
    the UNet does not have the layers that its config implies, and ``InputError`` where it has
    attention processors of its own, whose work a control would leave out.
    """
    before = model.attention
    opened = next((one for one in before.values() if isinstance(one, _Opened)), None)
    if opened is not None:
        yield opened.attention
        return
    attention = Attention(check_attention(model))
    opened_layers = {
        layer.name: _Opened(before[layer.name], layer, attention) for layer in attention.layers
    }
    with model.attending(opened_layers):
        yield attention


def check_attention(model: LatentDiffusion) -> tuple[Layer, ...]:
    """The attention layers of a UNet that can be controlled; raises as ``open_attention`` does."""
    layers, processors = layers_of(model), model.attention
    known = {kind.__name__ for kind in (*KNOWN, _Opened)}
    foreign = {type(processors[layer.name]).__name__ for layer in layers} - known
    if foreign:
        raise InputError(
            f"the UNet has attention processors of its own ({', '.join(sorted(foreign))}), which "
            "an edit by attention would leave out: set the default ones"
        )
    return layers


@dataclass
class _Opened:
    """An attention processor that computes the terms, or calls the original one."""

    inner: Any
    layer: Layer
    attention: Attention

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        *rest: Any,
        **more: Any,
    ) -> Tensor:
        count = len(hidden_states)
        plain = (whole(count, hidden_states.device),)
        terms = self.attention.terms(self.layer, plain, count)
        observers = [one for one in self.attention.observers if one.sees(self.layer)]
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        if terms is not plain or observers:
            query, key = _heads(attn, attn.to_q(hidden_states)), _heads(attn, attn.to_k(context))
            for observer in observers:
                observer.add(query, key, terms)
            if terms is not plain:
                mixed = attended(query, key, _heads(attn, attn.to_v(context)), terms)
                return attn.to_out[1](attn.to_out[0](mixed.transpose(1, 2).flatten(2)))
        return self.inner(attn, hidden_states, encoder_hidden_states, *rest, **more)


def whole(count: int, device: torch.device) -> Term:
    """What attention does without control: every row by itself."""
    rows = torch.arange(count, device=device)
    return Term(rows, rows, rows, rows)


def attended(query: Heads, key: Heads, values: Heads, terms: Terms) -> Heads:
    """The sum of the terms; a row that no term names gets zeros."""
    out = values.new_zeros(*query.shape[:3], values.shape[3])
    for term in terms:
        own = values[term.value]
        mixed = own if term.mix is None else term.mix[:, None].to(own) @ own
        part = scaled_dot_product_attention(query[term.query], key[term.key], mixed)
        out.index_add_(0, term.rows, part.to(out))
    return out


def _heads(attn: Any, states: Tensor) -> Heads:
    return states.unflatten(2, (attn.heads, -1)).transpose(1, 2)
