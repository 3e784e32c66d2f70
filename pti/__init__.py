"""Prompt Tuning Inversion (Dong et al., 2023, arXiv:2305.04441) and the core all methods share.

``pti.Editor`` edits pictures from Python: docs/python.md.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.edit.editor import Editor

__all__ = ["Editor"]


def __getattr__(name: str) -> Any:
    """Import ``Editor`` when it is asked for: it stands above this package, and imports torch."""
    if name == "Editor":
        from experiments.edit.editor import Editor

        return Editor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
