"""DDIM's conventions, which the file of a different scheduler may not give."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pti.diffusion.ddim import Spacing
from pti.diffusion.layout import read_json
from pti.diffusion.step import Prediction
from pti.errors import InputError

log = logging.getLogger(__name__)

STABLE_DIFFUSION = {"set_alpha_to_one": False, "steps_offset": 1}
"""The values of Stable Diffusion's scheduler; ``DDIMScheduler``'s defaults are True and 0."""

BETAS = ("beta_start", "beta_end", "beta_schedule")

CHANGED = (
    "clip_sample",
    "thresholding",
    "use_karras_sigmas",
    "use_exponential_sigmas",
    "use_beta_sigmas",
    "use_flow_sigmas",
)
"""Fields by which a scheduler cuts off what the network predicts, or has its own noise levels."""

WIDTH_OF_SD2 = 1024
"""Of the text encoder of Stable Diffusion 2, whose models predict epsilon or v."""


def missing_conventions(folder: Path) -> dict[str, Any]:
    """Stable Diffusion's conventions that the folder's scheduler does not give; each is logged.

    The dict is empty for a ``DDIMScheduler``, whose own defaults complete its file. Raises
    ``InputError`` where the file has no noise schedule that DDIM can use, or asks for what no step
    here does.
    """
    path = folder / "scheduler" / "scheduler_config.json"
    return conventions_beyond(path, read_json(path), read_json(folder / "unet" / "config.json"))


def conventions_beyond(
    path: object, config: Mapping[str, Any], unet: Mapping[str, Any]
) -> dict[str, Any]:
    """The same for the configuration of a scheduler; ``path`` names it, ``unet`` is the UNet's."""
    _check_known(path, config)
    _check_prediction(path, config, unet)
    kind = config.get("_class_name")
    missing = [name for name in BETAS if config.get(name) is None]
    if missing and not config.get("trained_betas"):
        raise InputError(
            f"{path} is of class {kind} and does not say {', '.join(missing)}: give the noise "
            "schedule that the model was trained on; models of flow matching are not supported"
        )
    if kind == "DDIMScheduler":
        return {}
    ours = {name: value for name, value in STABLE_DIFFUSION.items() if config.get(name) is None}
    if ours:
        values = ", ".join(f"{name}={value}" for name, value in ours.items())
        log.warning("%s is of class %s: as in Stable Diffusion, %s is taken", path, kind, values)
    return ours


def _check_known(path: object, config: Mapping[str, Any]) -> None:
    spacing = config.get("timestep_spacing", "leading")
    if spacing not in get_args(Spacing):
        raise InputError(
            f"{path} says timestep_spacing={spacing!r}: set it to one of "
            f"{', '.join(get_args(Spacing))}"
        )
    if spacing != "leading":
        log.warning("%s spaces timesteps as %r; those of the papers are 'leading'", path, spacing)
    for name in CHANGED:
        if config.get(name):
            raise InputError(
                f"{path} says {name}=true, which no step here does: set it to false, as Stable "
                "Diffusion's own folders do"
            )


def _check_prediction(path: object, config: Mapping[str, Any], unet: Mapping[str, Any]) -> None:
    says = config.get("prediction_type")
    if says is None and unet.get("cross_attention_dim") == WIDTH_OF_SD2:
        raise InputError(
            f"{path} does not say prediction_type, and of models with Stable Diffusion 2's text "
            'encoder some predict "epsilon" (512 by 512) and some "v_prediction" (768 by 768): add '
            "the one that this model was trained for"
        )
    if says is not None and says not in get_args(Prediction):
        raise InputError(
            f"{path} says prediction_type={says!r}: models are supported that predict "
            f"{' or '.join(get_args(Prediction))}"
        )
    if config.get("rescale_betas_zero_snr") and says != "v_prediction":
        raise InputError(
            f"{path} says rescale_betas_zero_snr=true: the last timestep has no signal, and a "
            "model that predicts epsilon can't step from there; set prediction_type to "
            "v_prediction if the model predicts v, or rescale_betas_zero_snr to false"
        )
