"""The fields that the files of ``configs/`` have, read without composing a run, which is slow."""

from collections.abc import Iterator
from typing import Any

from omegaconf import OmegaConf

from experiments.jobs.schema import CONFIGS
from experiments.store.fields import flat


def fields_of(group: str, name: str, place: str) -> Iterator[str]:
    """The dotted fields of ``configs/<group>/<name>.yaml``, and of its defaults list, at ``place``.

    A default is a file of the same group, or ``/group@place: name``, which may override one of the
    former; without a place, its fields are beside those of the file.
    """
    file: Any = OmegaConf.to_container(OmegaConf.load(CONFIGS / group / f"{name}.yaml"))
    for default in file.pop("defaults", []):
        if isinstance(default, dict):
            (key, choice), *_ = default.items()
            other, _, within = key.removeprefix("override ").lstrip("/").partition("@")
            yield from fields_of(other, choice, f"{place}.{within}".rstrip("."))
        elif default != "_self_":
            yield from fields_of(group, default, place)
    yield from flat(file, place)
