"""Edits pictures from Python: docs/python.md."""

from dataclasses import replace
from os import PathLike
from typing import Any, TypeVar, overload

from hydra.utils import instantiate
from omegaconf import OmegaConf

from data.images import Pixels
from data.tensors import to_pixels
from experiments.edit.fields import with_fields
from experiments.edit.frame import FITS, Frame
from experiments.edit.given import squared_masks, with_given
from experiments.edit.inverted import Inverted, Made, begun, inversion_for
from experiments.edit.pictures import Picture, opened
from experiments.edit.result import Result, result_of
from experiments.edit.settings import (
    Settings,
    check_caption,
    composed,
    in_a_sentence,
    usable,
    words_of_model,
    words_of_settings,
)
from experiments.run.compute import load_model
from pti.diffusion.blending import check
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.pipeline import from_pipeline
from pti.diffusion.precision import Precision
from pti.errors import InputError
from pti.method import Method
from pti.types import Batch, Inversion

Many = list[Any] | tuple[Any, ...]
Texts = str | list[str] | tuple[str, ...]
"""One for all pictures, or one for each."""

Words = str | list[str] | tuple[str, ...]
"""Phrases, which a text separates by commas."""

R = TypeVar("R")


class Editor:
    """Inverts pictures once, and edits them as often as wanted.

    ``pipeline`` is a ``StableDiffusionPipeline`` of diffusers, whose networks are used and not
    copied (see ``pti.diffusion.pipeline``), or the ``model`` of another editor. ``method`` is a
    name of configs/method, or a ``pti.method.Method``; ``settings`` replace fields of a named one,
    such as ``{"invert.iterations": 2}``. ``device`` and ``precision`` are those of a pipeline,
    which by default stays where it is. Raises ``InputError`` where one of them can't be used.
    """

    def __init__(
        self,
        pipeline: Any,
        method: str | Method = "pti",
        *,
        settings: Settings | None = None,
        device: str | None = None,
        precision: Precision = "fp32",
    ) -> None:
        self.method = _method(method, settings or {})
        if isinstance(pipeline, LatentDiffusion):
            self.model = pipeline
        else:
            self.model = from_pipeline(pipeline, device=device, precision=precision)

    @classmethod
    def from_pretrained(
        cls,
        model: str | PathLike[str] = "scenes",
        method: str | Method = "pti",
        *,
        settings: Settings | None = None,
        device: str = "auto",
        precision: Precision | None = None,
    ) -> "Editor":
        """An editor with a model of configs/model, of a folder, or of the hub.

        ``settings`` may also name fields of the model, such as ``model.load.variant``. Without a
        ``precision`` it is the model's own, which for ``scenes`` is the fastest of the device.
        """
        given = settings or {}
        of_model = {name: value for name, value in given.items() if name.startswith("model.")}
        of_method = {name: value for name, value in given.items() if name not in of_model}
        chosen = _method(method, of_method)
        words = [*words_of_model(model), f"device={device}", *words_of_settings(of_model)]
        words += [] if precision is None else [f"precision={precision}"]
        with in_a_sentence():
            cfg = composed(words)
            load = OmegaConf.to_yaml(cfg.model.load, resolve=True)
            return cls(load_model(load, cfg.precision, cfg.device), chosen)

    @property
    def steps(self) -> int:
        """The number of steps of the method's trajectory."""
        return len(self.method.invert.schedule(self.model))

    @overload
    def invert(
        self,
        images: Picture,
        caption: str | None = None,
        *,
        prompt: str | None = None,
        words: Words = (),
        mask: Picture | Many | None = None,
        fit: str = "crop",
        seed: int = 0,
    ) -> Inverted[Result]: ...

    @overload
    def invert(
        self,
        images: Many,
        caption: Texts | None = None,
        *,
        prompt: Texts | None = None,
        words: Words = (),
        mask: Picture | Many | None = None,
        fit: str = "crop",
        seed: int = 0,
    ) -> Inverted[list[Result]]: ...

    def invert(  # noqa: PLR0913 (most calls give the first two)
        self,
        images: Picture | Many,
        caption: Texts | None = None,
        *,
        prompt: Texts | None = None,
        words: Words = (),
        mask: Picture | Many | None = None,
        fit: str = "crop",
        seed: int = 0,
    ) -> Inverted[Any]:
        """Invert a picture, or a list of them as one batch.

        A picture is a path, a picture of PIL or an array of bytes. ``caption`` says what it shows
        now. ``fit`` is "crop", for the largest square in its middle, or "pad", for all of it.
        Where the inversion depends on the target prompt, as PTI's does, only the trajectory is laid
        here, and ``edit`` does the rest once for each prompt; ``prompt``, ``words`` and ``mask``,
        those of the edit, have it checked and done here. Each picture gets the ``seed``, so that in
        a list it is edited as it is alone, but for rounding. Raises ``InputError`` where something
        can't be used.
        """
        is_list = isinstance(images, list | tuple)
        frames = _framed(images if is_list else [images], fit)
        captions = (None,) * len(frames) if not caption else _each(caption, len(frames), "caption")
        check_caption(self.method, all(captions))
        squares = tuple(frame.squared(self.model.side) for frame in frames)
        inverted: Inverted[Any] = Inverted(
            frames, squares, captions, seed, is_list, owner=self, laid=Made(self.method)
        )
        if prompt is None and (words or mask is not None):
            raise InputError("words and mask are those of an edit: give its prompt beside them")
        if prompt is None:
            return begun(self.method, self.model, inverted)
        batch = self._batch(inverted, prompt, words, mask)
        check(self._masked(self.method, mask).edit, self.model, batch)
        inverted = begun(self.method, self.model, inverted)
        inversion_for(self.model, inverted, batch)
        return inverted

    def edit(
        self,
        inversion: Inverted[R],
        prompt: Texts,
        *,
        words: Words = (),
        mask: Picture | Many | None = None,
        **fields: Any,
    ) -> R:
        """Make of each picture what the prompt says: a ``Result``, or for a list a list of them.

        ``words`` are the phrases of the prompt that the mask follows, by default those that the
        caption lacks. ``mask`` takes the place of the mask that the method would find: a picture of
        the size of the input, white where the edit is free. ``fields`` replace fields of the
        method's editor and of its parts, such as ``eta=0.7``, ``omega=5`` or ``threshold=0.4``.
        Raises ``InputError`` where the method can't make this edit, or its result is not finite.
        """
        if inversion.owner is not self:
            raise InputError("another editor made this inversion: invert with the one that edits")
        changed = with_fields(self.method.edit, fields, self.method.name)
        method = self._masked(replace(self.method, edit=changed), mask)
        if method.samples_back and not self.method.samples_back:
            raise InputError(
                "this edit reads the latents of the reconstruction, which the inversion left out: "
                f"give {', '.join(fields)} as settings of the editor"
            )
        check_caption(method, all(inversion.captions))
        batch = self._batch(inversion, prompt, words, mask)
        check(method.edit, self.model, batch)
        made = inversion_for(self.model, inversion, batch)
        edited = Made.by(self.model, lambda: self._edit(method, made.value, batch))
        count = len(inversion)
        calls = (made.calls + edited.calls).shared_by(count)
        seconds = {"inverting": made.seconds / count, "sampling": edited.seconds / count}
        results: Any = [
            result_of(frame, square, mask, calls, seconds)
            for frame, (square, mask) in zip(inversion.frames, edited.value, strict=True)
        ]
        return results if inversion.is_list else results[0]

    def _batch(
        self, inverted: Inverted[Any], prompt: Texts, words: Words, mask: Picture | Many | None
    ) -> Batch:
        named = words.split(",") if isinstance(words, str) else words
        phrases = tuple(filter(None, (phrase.strip() for phrase in named)))
        batch = inverted.batch(_each(prompt, len(inverted), "prompt"), phrases)
        if mask is None:
            return batch
        masks = [opened(one) for one in (mask if isinstance(mask, list | tuple) else [mask])]
        if len(masks) != len(batch):
            raise InputError(f"{len(masks)} masks for {len(batch)} pictures: give one for each")
        return replace(batch, masks=squared_masks(masks, inverted.frames, self.model.side))

    def _masked(self, method: Method, mask: Picture | Many | None) -> Method:
        if mask is None:
            return method
        return replace(method, edit=with_given(method.edit, method.name))

    def _edit(
        self, method: Method, inversion: Inversion, batch: Batch
    ) -> list[tuple[Pixels, Pixels | None]]:
        """The edited square and the mask of each picture."""
        edited = method.edit(self.model, method.invert.schedule(self.model), inversion, batch)
        images = self.model.decode(edited.z)
        if not images.isfinite().all():
            raise InputError("the result is not finite: try precision=fp32, or a smaller omega")
        masks = [None] * len(batch) if edited.mask is None else edited.mask.float()
        return [
            (to_pixels(image), None if mask is None else to_pixels(mask.expand(3, -1, -1)))
            for image, mask in zip(images, masks, strict=True)
        ]


def _framed(images: Many, fit: str) -> tuple[Frame, ...]:
    """The pictures with the squares that are edited."""
    if fit not in FITS:
        raise InputError(f"fit={fit}: choose one of {', '.join(FITS)}")
    pictures = [opened(one) for one in images]
    if not pictures:
        raise InputError("the list of pictures is empty: give one at least")
    return tuple(Frame(picture, FITS[fit](picture.size)) for picture in pictures)


def _method(method: str | Method, settings: Settings) -> Method:
    """The method that is meant, where it edits."""
    if not isinstance(method, str):
        if settings:
            raise InputError(
                "settings are those of a method by its name: change a Method's own fields with "
                "dataclasses.replace"
            )
        return usable(method, f"method={getattr(method, 'name', method)}")
    with in_a_sentence():
        cfg = composed([f"method={method}", *words_of_settings(settings)])
        return instantiate(cfg.method)


def _each(texts: Texts, count: int, what: str) -> tuple[str, ...]:
    """A text for each of ``count`` pictures; ``what`` names it."""
    each: tuple[Any, ...] = (texts,) * count if isinstance(texts, str) else tuple(texts)
    if len(each) != count:
        raise InputError(f"{len(each)} {what}s for {count} pictures: give one, or one for each")
    if not all(isinstance(text, str) and text.strip() for text in each):
        raise InputError(f"a {what} is empty: say what the picture shows, such as 'a red car'")
    return each
