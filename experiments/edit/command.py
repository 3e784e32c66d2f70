"""Edits a single picture.

    python -m experiments.edit image=car.png prompt="a yellow car" [method=pti model=scenes eta=0.9
        threshold=0.3 omega=7.5 words=yellow caption="a red car" fit=crop out=car-edited.png seed=0
        mask=mask.png inversion=nti reweight="yellow:2,car:0.5" device=auto precision=fp32
        method.invert.trace.steps=50 model.path=...]

Writes the picture out and, beside it, NAME-sheet.png (before, after, mask) and NAME.json (settings,
metrics, notes). Notes warn about the result: the prompt was cut off, the mask selects nothing or
everything, or model=scenes never saw a word or can't represent the picture.

caption  what the picture shows now. PTI and DDIM-Edit do not need it. It also tells which words of
         the prompt are new.
words    phrases of the prompt that the mask follows, separated by commas. The default is the words
         that the caption lacks. Without a caption, or where the caption lacks only articles,
         prepositions and "and" (a removal, a swap), it is all words of the prompt but those.
mask     a picture of the same size, white where the edit is free and black where the picture stays;
         it takes the place of the mask that the method would find (threshold and words have no part
         then).
inversion  a file of configs/inversion, for a method that is a pair: target, local_blend, p2p,
         masactrl, pnp.
reweight factors of the attention to words of the prompt, for method=p2p.
fit      crop edits the largest centred square and pastes it back; all pixels outside it stay
         unchanged. pad edits the whole picture, extended to a square with the colours of its edges
         and cut to its size again. Both keep the picture's size, but the edited part is resampled
         from the model's resolution.

Any method.FIELD=... and model.FIELD=... may be given, too. The result is upright, 8-bit sRGB, as a
viewer shows the picture. It keeps the picture's alpha: transparent parts are edited as they look
over white.
"""

import sys
from functools import partial
from typing import Any

import matplotlib as mpl
import numpy as np
from hydra.utils import instantiate
from matplotlib.figure import Figure
from omegaconf import OmegaConf
from PIL import Image

from data.colours import over_white
from data.images import Pixels
from data.tensors import to_tensor
from eval.metric import Pictures
from eval.psnr import Psnr
from eval.ssim import Ssim
from experiments.edit.editor import Editor, Result
from experiments.edit.progress import shown
from experiments.edit.request import Request
from experiments.report.figures import STYLE, UNDATED
from experiments.report.lettering import make_legible, readable, wrapped
from experiments.run.compute import load_model
from experiments.store.atomic import write_aside, write_json
from experiments.store.provenance import provenance
from experiments.store.sources import code_of
from pti.diffusion.model import LatentDiffusion
from pti.errors import InputError

EXTREMES = {0.0: "nothing: lower the threshold", 1.0: "everything: raise the threshold"}
ALL_GIVEN = "everything: nothing is kept"
PANEL = 2.4  # inches of a picture on the sheet
tell = partial(print, flush=True)


def edit(request: Request, picture: Image.Image, editor: Editor) -> tuple[Result, Pixels]:
    """The result, and the square that the model saw; raises what ``Editor`` raises."""
    prompt, words = request.prompt, request.task.words
    of_edit: dict[str, Any] = {"words": words, "mask": request.mask}
    about: dict[str, Any] = {"fit": request.fit, "seed": request.cfg.seed, **of_edit}
    with shown(editor.model, editor.steps):
        inverted = editor.invert(picture, request.task.caption, prompt=prompt, **about)
    tell(f"inverted in {inverted.seconds:.1f} s")
    with shown(editor.model, editor.steps):
        result = editor.edit(inverted, prompt, **of_edit)
    tell(f"sampled in {result.seconds['sampling']:.1f} s")
    return result, inverted.squares[0]


def measure(model: LatentDiffusion, before: Pixels, after: Pixels) -> dict[str, Any]:
    """PSNR and SSIM of the result to the input, and PSNR of the autoencoder's reconstruction."""
    source = to_tensor(before)[None]
    compared = Pictures(to_tensor(after)[None], source)
    held = Pictures(model.decode(model.encode(source)).cpu(), source)
    of_edit = {metric.quantity.id: metric(compared).item() for metric in (Psnr(), Ssim())}
    return of_edit | {"autoencoder psnr": Psnr()(held).item()}


def notes_on(
    request: Request, model: LatentDiffusion, share: float | None, held: float
) -> list[str]:
    """Warnings about the result, as sentences.

    ``share`` is the mask's share of the square in [0, 1], None without a mask; ``held`` is the PSNR
    of the autoencoder's reconstruction in dB.
    """
    texts = (request.prompt, request.task.caption or "")
    cut = {text: model.cut_by_tokenizer(text) for text in texts}
    notes = [f"{text!r} is too long: {end!r} was cut off" for text, end in cut.items() if end]
    if share in EXTREMES:
        notes.append(f"the mask selects {ALL_GIVEN if request.mask else EXTREMES[share]}")
    if not (domain := model.domain):
        return notes
    if unknown := domain.unknown(" ".join(texts)):
        notes.append(
            f"{request.cfg.model.name} never saw {', '.join(map(repr, unknown))}: its words are "
            f"{domain.about}"
        )
    if held < domain.psnr:
        notes.append(
            f"the autoencoder of {request.cfg.model.name} alone gives this picture back at "
            f"{held:.1f} dB; {domain.pictures} reach {domain.psnr:.0f} dB and more. An edit of a "
            "photograph keeps no more than that"
        )
    return notes


def describe(request: Request, model: LatentDiffusion) -> dict[str, Any]:
    """The settings and the provenance that determine the result."""
    cfg, task = request.cfg, request.task
    settings = {
        "image": task.key,
        "prompt": request.prompt,
        "caption": task.caption,
        "words": task.edited_words(),
        "mask": str(request.mask) if request.mask else None,
        "fit": request.fit,
        "method": OmegaConf.to_container(cfg.method, resolve=True),
        "model": cfg.model.name,
        "weights": model.digest,
        "precision": cfg.precision,
        "seed": cfg.seed,
    }
    code = code_of(cfg.method, cfg.model.load)
    about = {"code": code, **provenance(str(model.device))}
    return {"settings": settings, "provenance": about}


def draw(panels: dict[str, Image.Image], title: str) -> Figure:
    """Draw pictures of one size side by side, reduced to about the sheet's resolution."""
    width, height = panels["before"].size
    tall = PANEL * min(max(height / width, 0.3), 3.0)
    dots = STYLE["savefig.dpi"]
    coarser = max(1, int(width / (dots * PANEL)), int(height / (dots * tall)))
    figure = Figure(figsize=(PANEL * len(panels), tall + 0.6), layout="constrained")
    axes: Any = figure.subplots(1, len(panels))
    for spot, (name, picture) in zip(axes, panels.items(), strict=True):
        spot.imshow(over_white(picture.reduce(coarser)))
        spot.set_title(name)
        spot.set_axis_off()
    figure.suptitle(wrapped(title, PANEL * len(panels), 9), fontsize=9)
    make_legible(figure)
    return figure


def run(request: Request) -> None:
    """Edit the picture and write all files.

    Raises ``InputError`` where the picture, the model, the overrides or the output can't be used.
    """
    (out, sheet, about), cfg, picture = request.files, request.cfg, request.task.open()
    tell(f"loading model {cfg.model.name} ...")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)  # first, so that a failure costs no work
    except OSError as error:
        raise InputError(
            f"{out} can't be written ({error.strerror}): choose another out=..."
        ) from error
    model = load_model(OmegaConf.to_yaml(cfg.model.load, resolve=True), cfg.precision, cfg.device)
    result, before = edit(request, picture, Editor(model, instantiate(cfg.method)))
    panels = {"before": picture, "after": result.image}
    if result.mask is not None:
        panels["mask"] = result.mask.convert("RGB")
    metrics = measure(model, before, np.asarray(result.square))
    notes = notes_on(request, model, result.share, metrics["autoencoder psnr"])
    calls = model.calls.as_json()
    metrics |= {"mask": result.share, "calls": calls, "seconds": result.seconds}
    write_aside(out, partial(result.image.save, format="PNG"))
    with mpl.rc_context(STYLE):
        prompt = request.prompt if readable(request.prompt) else request.task.key
        inversion = f", inversion {cfg.method.inversion}" if "inversion" in cfg.method else ""
        about_it = f"method {cfg.method.name}{inversion}, model {cfg.model.name}"
        figure = draw(panels, f"{prompt} ({about_it})")
        write_aside(sheet, partial(figure.savefig, metadata=UNDATED[".png"], bbox_inches="tight"))
    write_json(about, {**describe(request, model), "notes": notes, "metrics": metrics})
    for note in notes:
        tell(f"note: {note}")
    tell("\n".join(f"wrote {path}" for path in request.files))


def main() -> None:
    """Edit the picture that the command line names."""
    run(Request.read(sys.argv[1:]))
