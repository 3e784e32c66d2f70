"""Composes the model and the method of an edit, and says where a method can't edit."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException, HydraException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from data.command_line import closest
from experiments.edit.fields import values_of
from experiments.edit.given import overrides_for
from experiments.jobs.explain import explain, unknown_field
from experiments.jobs.forms import check_forms
from experiments.jobs.schema import CONFIGS, register
from experiments.jobs.spelling import in_quotes, spelled
from experiments.run.oracles import Oracle
from experiments.store.fields import INVERSION, strip_masks
from pti.errors import InputError
from pti.method import Method, Reconstruct

SHORT = {
    name: tuple(f"method.edit.{place}" for place in (field, f"target.{field}"))
    for name, field in {"eta": "eta", "threshold": "mask.threshold", "omega": "omega"}.items()
}
"""Short names of overrides, and what each may stand for: the first that there is."""

Settings = Mapping[str, Any]
"""Values by the dotted names of fields, such as ``invert.iterations`` or ``model.load.variant``."""


def composed(overrides: list[str], *, given_mask: bool = False) -> DictConfig:
    """The configuration of an edit; raises ``InputError`` where its method can't make one.

    With ``given_mask`` the user's mask takes the place of the method's own. Raises Hydra's errors,
    too: ``in_a_sentence`` words them.
    """
    default = _default([word for word in overrides if word.startswith(("method=", "inversion="))])
    usable(instantiate(default.method), f"method={default.method.name}")
    masked = overrides_for(default.method) if given_mask else []
    cfg = _compose([*(_placed(word, default) for word in overrides), *masked])
    strip_masks(cfg.method)
    check_forms(cfg.method, "method")
    check_forms(cfg.model.load, "model.load")
    return cfg


def _default(chosen: list[str]) -> DictConfig:
    try:
        return _compose(chosen)
    except ConfigCompositionException as error:
        if unknown_field(error) != INVERSION:
            raise
        name = next((word for word in chosen if word.startswith("method=")), "method=pti")
        raise InputError(
            f"{name} has its own inversion: choose a method that is a pair, such as p2p, to name "
            "another"
        ) from error


def _placed(word: str, default: DictConfig) -> str:
    """The override with a dotted name for a short one: that of the method's editor."""
    key, equals, value = word.partition("=")
    places = SHORT.get(key, (key,))
    found = (place for place in places if OmegaConf.select(default, place) is not None)
    return f"{next(found, places[0])}{equals}{value}"


def _compose(overrides: list[str]) -> DictConfig:
    register()
    hydra = GlobalHydra.instance()
    callers = hydra.hydra  # Hydra refuses to be started twice, and the caller may use it
    hydra.clear()
    try:
        with initialize_config_dir(str(CONFIGS), version_base="1.3"):
            return compose("run", ["goal=edit", *spelled(overrides)])
    finally:
        GlobalHydra.instance().hydra = callers


def usable(method: Any, name: str) -> Method:
    """The method, where it edits; raises ``InputError``, which names it, where it doesn't."""
    if isinstance(method, Oracle):
        raise InputError(f"{name} edits no picture: choose a method that does, such as pti")
    if not isinstance(method, Method):
        raise InputError(f"{name} is no method: give a name of configs/method, or a Method")
    if isinstance(method.edit, Reconstruct):
        raise InputError(f"{name} only reconstructs: choose a method that edits, such as pti")
    return method


def check_caption(method: Method, caption: object) -> None:
    """Raise ``InputError`` where the method reads the caption, and there is none."""
    # A trajectory with an omega reads the caption; the method's own omega is that of its tuning.
    trace = getattr(method.invert, "trace", None)
    guided = getattr(trace if hasattr(trace, "omega") else method.invert, "omega", None)
    contrasted = any(
        (place[-1], value) == ("reference", "caption") for place, value in values_of(method.edit)
    )
    # An editor that aligns the prompt's words with the caption's.
    controlled = getattr(method.edit, "control", None) is not None
    aligned = controlled and getattr(method.edit, "source", None) == "caption"
    if (guided or contrasted or aligned) and not caption:
        raise InputError(
            f'method={method.name} must know what the picture shows now: add caption="..."'
        )


@contextmanager
def in_a_sentence() -> Generator[None]:
    """Raise ``InputError`` in the place of an error of Hydra or OmegaConf."""
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(explain(error)) from error


def words_of_model(model: str | PathLike[str]) -> list[str]:
    """The overrides for a name of configs/model, a folder, or a repository of the hub."""
    place = fspath(model)
    known = sorted(path.stem for path in CONFIGS.glob("model/*.yaml"))
    if place in known:
        return [f"model={place}"]
    if not Path(place).is_dir() and place.count("/") != 1:
        raise InputError(
            f"model={place} is no folder here.{closest(place, known)} Give one in diffusers' "
            f"layout, a repository's name (owner/name), or one of {', '.join(known)}"
        )
    return ["model=sd14", f"model.path={place}"]


def words_of_settings(settings: Settings) -> list[str]:
    """The overrides for values by dotted names; those of a method may leave ``method.`` out.

    The entries of a mapping are added, as an empty one in a file has none to replace.
    """
    return [
        f"++{_whole(name)}.{key}={_written(inner)}" if key else f"{_whole(name)}={_written(inner)}"
        for name, value in settings.items()
        for key, inner in (value.items() if isinstance(value, Mapping) else [("", value)])
    ]


def _whole(name: str) -> str:
    own = name == "inversion" or name.startswith(("method.", "model."))
    return name if own else f"method.{name}"


def _written(value: Any) -> str:
    """A value as Hydra reads it."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return in_quotes(value)
        case Mapping():
            pairs = (f"{key}:{_written(inner)}" for key, inner in value.items())
            return f"{{{','.join(pairs)}}}"
        case list() | tuple():
            return f"[{','.join(map(_written, value))}]"
        case _:
            return str(value)
