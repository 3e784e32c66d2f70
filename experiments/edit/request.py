"""Reads and checks the command line of ``experiments.edit`` before anything is computed."""

from dataclasses import dataclass
from functools import partial
from math import isfinite
from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from data.command_line import closest
from data.images import open_with_alpha
from data.task import Task
from experiments.edit.frame import FITS
from experiments.edit.settings import SHORT, check_caption, composed
from experiments.jobs.spelling import plain
from pti.errors import InputError

OWN = {
    "image": "",
    "prompt": "",
    "caption": "",
    "words": "",
    "fit": "crop",
    "out": "",
    "reweight": "",
    "mask": "",
}
KNOWN = (*OWN, *SHORT, "method", "inversion", "model", "seed", "device", "precision")


@dataclass(frozen=True)
class Request:
    """A checked command line; ``files`` are the picture, the sheet and the JSON to write.

    ``mask`` is the path of the user's mask, None without one.
    """

    task: Task
    prompt: str
    fit: str
    files: tuple[Path, Path, Path]
    cfg: DictConfig
    mask: Path | None = None

    @classmethod
    def read(cls, arguments: list[str]) -> "Request":
        """Read the command line; no file is touched. Raises ``InputError`` where it is wrong."""
        options = parse(arguments)
        image, prompt, caption, words, fit, out, _, mask = (options[key] for key in OWN)
        if not image:
            raise InputError("say which picture to edit: image=car.png")
        if not prompt:
            raise InputError('the prompt is empty: say what to make of it, prompt="a yellow car"')
        if fit not in FITS:
            raise InputError(f"fit={fit}: choose one of {', '.join(FITS)}")
        files = files_of(Path(out or f"{Path(image).stem}-edited.png"))
        if files[0].suffix != ".png":
            raise InputError(f"out={out}: name a file that ends in .png")
        for source in filter(None, (image, mask)):
            if Path(source).resolve() in map(Path.resolve, files):
                raise InputError(f"out={files[0]} would overwrite {source}: choose another name")
        named = tuple(filter(None, (phrase.strip() for phrase in words.split(","))))
        task = Task(
            key=image,
            caption=caption or None,
            open=partial(open_with_alpha, Path(image)),
            words=named,
            target=prompt,
        )
        own = Path(mask) if mask else None
        return cls(task, prompt, fit, files, configure(options), own)


def files_of(out: Path) -> tuple[Path, Path, Path]:
    """The paths of the picture, the sheet and the JSON."""
    return out, out.with_name(f"{out.stem}-sheet.png"), out.with_suffix(".json")


def parse(arguments: list[str]) -> dict[str, str]:
    """Values by key of ``key=value`` words; raises ``InputError`` for an unknown key."""
    options = dict(OWN)
    for word in arguments:
        key, equals, value = word.partition("=")
        if not equals or not (key in KNOWN or key.startswith(("method.", "model."))):
            raise InputError(
                f"{word!r} is no option.{closest(key, KNOWN)} There are {', '.join(KNOWN)}, "
                "method.FIELD and model.FIELD, each followed by =..."
            )
        options[key] = value.strip()
    return options


def configure(options: dict[str, str]) -> DictConfig:
    """The run's configuration; raises ``InputError`` where its method can't make this edit."""
    words = [f"{key}={value}" for key, value in options.items() if key not in OWN]
    cfg = composed(words, given_mask=bool(options.get("mask")))
    if weights := options.get("reweight"):
        reweight(cfg, weights)
    check_caption(instantiate(cfg.method), options.get("caption"))
    return cfg


def reweight(cfg: DictConfig, weights: str) -> None:
    """Set the weights of words, such as "blue:2,sky:0.5", in the method of ``cfg``.

    They are set here, and not by an override, as Hydra takes few letters for a key. Raises
    ``InputError`` where they can't be read, or the method has none.
    """
    control = OmegaConf.select(cfg, "method.edit.control")
    if not isinstance(control, DictConfig) or "reweight" not in control:
        raise InputError(f"method={cfg.method.name} can't re-weight words: leave reweight=... out")
    pairs = [part.rpartition(":") for part in weights.split(",")]
    try:
        numbers = {phrase.strip(): plain(float(number)) for phrase, _, number in pairs}
    except ValueError:
        numbers = {}
    if not numbers or not all(phrase and isfinite(numbers[phrase]) for phrase in numbers):
        raise InputError(
            f"reweight={weights} can't be read: write words and their weights, as in "
            'reweight="blue:2,sky:0.5"'
        )
    control.reweight = numbers
