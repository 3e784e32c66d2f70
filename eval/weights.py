"""Find, read and check published weights on this machine; nothing is downloaded."""

from collections.abc import Mapping
from functools import cache
from hashlib import file_digest
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn

from pti.errors import InputError


def local_file(url: str, given: str | None) -> Path:
    """``given``, or the copy of ``url`` in torch hub's cache.

    Raises ``InputError`` where that file is missing.
    """
    kept = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[1]
    path = kept if given is None else Path(given)
    if not path.is_file():
        raise InputError(
            f"{path} is missing: fetch {url} and save it there, or set TORCH_HOME to the folder "
            "whose hub/checkpoints has it"
        )
    return path


def digest_of(path: Path) -> str:
    """The sha256 of a file of weights, computed once per process while the file is the same."""
    about = path.stat()
    return _sha256(path, about.st_size, about.st_mtime_ns)


@cache
def _sha256(path: Path, size: int, changed: int) -> str:
    del size, changed
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def load_weights(path: Path) -> dict[str, Tensor]:
    """The tensors in ``path`` by name; raises ``InputError`` where it cannot be read."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, UnpicklingError, EOFError, KeyError, OSError) as error:
        # The type of the error depends on where the file ends, or on its actual format.
        raise InputError(f"{path} cannot be read as weights: fetch it again") from error


def fill(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Load the ``tensors`` of ``path``; raises ``InputError`` where they do not fit ``network``."""
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(
            f"{path} holds the weights of another network: fetch the right file again"
        ) from error
