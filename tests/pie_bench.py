"""PIE-Bench and PIE-Bench++ in small, on the disk: rendered scenes with their true masks."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from data.scenes.edits import SceneEdits

SIDE = 512

TYPES = (
    ("0_random_140", "shape_and_colour"),
    ("1_change_object_80", "shape"),
    ("2_add_object_80", "add"),
    ("3_delete_object_80", "delete"),
    ("4_change_attribute_content_40", "pattern"),
    ("5_change_attribute_pose_40", "shape"),
    ("6_change_attribute_color_40", "colour"),
    ("7_change_attribute_material_40", "pattern"),
    ("8_change_background_80", "background"),
    ("9_change_style_80", "pattern"),
)
"""The folder of each type, and the kind of scene edit that stands in for it."""

MADE, SUBJECTS = ("artificial", "natural"), ("animal", "human", "indoor", "outdoor")

WHOLE = 9
"""The type whose masks cover everything, as a style does."""


@dataclass(frozen=True)
class Item:
    """One item before it is written in either layout."""

    type: int
    number: str
    """Its id; the digits are the type, who made it, its subject and a count."""
    path: str
    jpeg: bytes
    caption: str
    target: str
    blended: str
    """As in PIE-Bench, "source target"; the other benchmark has pairs with a comma."""
    runs: list[int]


def write_pie_bench(root: Path, count: int = 10) -> None:
    """``mapping_file.json`` and ``annotation_images/``; types take turns, from 0 to 9."""
    mapping: dict[str, Any] = {}
    for item in _items(count):
        path = root / "annotation_images" / item.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(item.jpeg)
        mapping[item.number] = {
            "image_path": item.path,
            "original_prompt": item.caption,
            "editing_prompt": item.target,
            "editing_instruction": f"Make it {item.target}",
            "editing_type_id": str(item.type),
            "blended_word": item.blended,
            "mask": item.runs,
        }
    (root / "mapping_file.json").write_text(json.dumps(mapping), encoding="utf-8")


def write_pie_bench_pp(root: Path, count: int = 10) -> None:
    """One parquet file a type that has items."""
    folders: dict[str, list[dict[str, Any]]] = {}
    for item in _items(count):
        pairs = [item.blended.split()] if item.blended else []
        actions = {
            old: {"position": 1, "edit_type": item.type, "action": new} for old, new in pairs
        }
        row = {
            "id": item.number,
            "source_prompt": item.caption,
            "target_prompt": item.target,
            "edit_action": json.dumps(actions),
            "aspect_mapping": json.dumps({new: [] for _, new in pairs}),
            "blended_words": json.dumps([",".join(pair) for pair in pairs]),
            "mask": " ".join(map(str, item.runs)),
            "image": {"bytes": item.jpeg, "path": f"{item.number}.jpg"},
        }
        folders.setdefault(TYPES[item.type][0], []).append(row)
    for folder, rows in folders.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), root / folder / "V1-00000-of-00001.parquet")


def _items(count: int) -> Iterator[Item]:
    for index in range(count):
        turn, kind = divmod(index, len(TYPES))
        folder, scene = TYPES[kind]
        edits = SceneEdits(kinds=[scene])
        task = edits[index]
        caption, target = _bracketed(str(task.caption), str(task.target))
        made, subject = (turn + kind) % len(MADE), (turn + kind) % len(SUBJECTS)
        digits = f"{kind}{made + 1}{subject + 1}" if kind else "000"
        middle = f"/{made + 1}_{MADE[made]}/{subject + 1}_{SUBJECTS[subject]}" if kind else ""
        number = f"{digits}{turn:09d}"
        mask = np.kron(edits.mask(index), np.ones((SIDE // 64, SIDE // 64), dtype=bool))
        yield Item(
            type=kind,
            number=number,
            path=f"{folder}{middle}/{number}.jpg",
            jpeg=_jpeg(task.open()),
            caption=caption,
            target=target,
            blended=_blended(caption, target),
            runs=_runs(np.ones_like(mask) if kind == WHOLE else mask),
        )


def _jpeg(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    large = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    large.save(buffer, format="JPEG", quality=95)
    return buffer.getvalue()


def _bracketed(caption: str, target: str) -> tuple[str, str]:
    """The prompts with brackets around the words in which they differ."""
    old, new = caption.split(), target.split()
    runs = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return (
        " ".join(_part(old[a:b], marked=tag != "equal") for tag, a, b, _, _ in runs if b > a),
        " ".join(_part(new[a:b], marked=tag != "equal") for tag, _, _, a, b in runs if b > a),
    )


def _part(words: Sequence[str], *, marked: bool) -> str:
    text = " ".join(words)
    return f"[{text}]" if marked else text


def _blended(caption: str, target: str) -> str:
    """The last words within brackets, source and target; empty where one has no brackets."""
    if "[" not in caption or "[" not in target:
        return ""
    return " ".join(prompt.partition("]")[0].split()[-1].strip("[") for prompt in (caption, target))


def _runs(mask: np.ndarray) -> list[int]:
    """Start and length of each run, found by a plain loop."""
    runs: list[int] = []
    before = False
    for place, edited in enumerate(mask.ravel().tolist()):
        if edited and not before:
            runs += [place, 0]
        if edited:
            runs[-1] += 1
        before = edited
    return runs
