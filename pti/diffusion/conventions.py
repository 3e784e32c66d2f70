"""DDIM's conventions, which the file of a different scheduler may not give."""

import logging
from pathlib import Path
from typing import Any

from pti.diffusion.layout import read_json
from pti.errors import InputError

log = logging.getLogger(__name__)

STABLE_DIFFUSION = {"set_alpha_to_one": False, "steps_offset": 1}
"""The values of Stable Diffusion's scheduler; ``DDIMScheduler``'s defaults are True and 0."""

BETAS = ("beta_start", "beta_end", "beta_schedule")


def missing_conventions(folder: Path) -> dict[str, Any]:
    """Stable Diffusion's conventions that the folder's scheduler does not give; each is logged.

    The dict is empty for a ``DDIMScheduler``, whose own defaults complete its file. Raises
    ``InputError`` where the file has no noise schedule that DDIM can use.
    """
    path = folder / "scheduler" / "scheduler_config.json"
    config = read_json(path)
    spacing = config.get("timestep_spacing", "leading")
    if spacing != "leading":
        log.warning("%s spaces steps as %r: here they are spaced as 'leading'", path, spacing)
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
