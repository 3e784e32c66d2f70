"""Reads and checks the command line of ``experiments.edit`` before anything is computed."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from data.command_line import closest
from data.images import open_with_alpha
from data.masks import open_mask
from data.task import Task
from experiments.edit.given import overrides_for
from experiments.jobs.forms import check_forms
from experiments.jobs.schema import CONFIGS, register
from experiments.jobs.spelling import spelled
from experiments.run.oracles import Oracle
from experiments.store.fields import strip_masks
from pti.errors import InputError
from pti.method import Method, Reconstruct

OWN = {"image": "", "prompt": "", "caption": "", "words": "", "fit": "crop", "out": "", "mask": ""}
SHORT = {
    "eta": "method.edit.eta",
    "threshold": "method.edit.mask.threshold",
    "omega": "method.edit.omega",
}
KNOWN = (*OWN, *SHORT, "method", "model", "seed", "device", "precision")
FITS = {"crop": min, "pad": max}  # side of the edited square, from the picture's width and height


@dataclass(frozen=True)
class Request:
    """A checked command line; ``files`` are the picture, the sheet and the JSON to write.

    ``mask`` is the path of the user's mask, empty without one.
    """

    task: Task
    prompt: str
    fit: str
    files: tuple[Path, Path, Path]
    cfg: DictConfig
    mask: str = ""

    @classmethod
    def read(cls, arguments: list[str]) -> "Request":
        """Read the command line; no file is touched. Raises ``InputError`` where it is wrong."""
        options = parse(arguments)
        image, prompt, caption, words, fit, out, mask = (options[key] for key in OWN)
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
            mask=partial(open_mask, Path(mask)) if mask else None,
        )
        return cls(task, prompt, fit, files, configure(options), mask)


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
    overrides = [f"{SHORT.get(k, k)}={v}" for k, v in options.items() if k not in OWN]
    default = _compose([word for word in overrides if word.startswith("method=")])
    name = f"method={default.method.name}"
    method: Method | Oracle = instantiate(default.method)
    if isinstance(method, Oracle):
        raise InputError(f"{name} edits no picture: choose a method that does, such as pti")
    if isinstance(method.edit, Reconstruct):
        raise InputError(f"{name} only reconstructs: choose a method that edits, such as pti")
    if options.get("mask"):
        overrides += overrides_for(default.method)
    cfg = _compose(overrides)
    strip_masks(cfg.method)
    check_forms(cfg.method, "method")
    check_forms(cfg.model.load, "model.load")
    # A trajectory with an omega reads the caption; the method's own omega is that of its tuning.
    invert = cfg.method.invert
    guided = invert.trace.omega if "omega" in invert.get("trace", {}) else invert.get("omega")
    contrasted = OmegaConf.select(cfg, "method.edit.mask.reference") == "caption"
    if (guided or contrasted) and not options["caption"]:
        raise InputError(f'{name} must know what the picture shows now: add caption="..."')
    return cfg


def _compose(overrides: list[str]) -> DictConfig:
    register()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return compose("run", ["goal=edit", *spelled(overrides)])
