"""``to=pnpinversion``: the folders and the mapping that its evaluation/evaluate.py reads.

It opens each picture of the mapping for each method, and knows 512 by 512 pixels alone. Of a
picture that is not square it takes the last 512 columns: its own scripts save four panels side by
side, in JPEG. Ours have the input beside the result, as in ``eval.jpeg``, so that their numbers are
those of metrics with ``jpeg75`` in their ids. PIL tells a file by its content, so that a PNG may
have the name of a JPEG.
"""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from data.progress import bar
from data.rle import encode
from experiments.export.rows import counted, said_of
from experiments.store.atomic import write_text
from experiments.store.cell import Cell
from experiments.store.result_set import ResultSet
from pti.errors import InputError

SIDE = 512
MAPPING, INPUTS = "data/mapping_file.json", "data/annotation_images"
OTHER = "0"
"""The type of an edit that no tag tells: in their classes, a random one."""


def write_pnpinversion(
    result_set: ResultSet, folder: Path, out: Path, *, strips: bool = False
) -> str:
    """Write inputs, results and mapping into ``folder``, which will be ``out``; what to say.

    With ``strips`` a result is the last of four panels in JPEG, as their scripts save it; one that
    came from a JPEG file stays as it is, which a second JPEG would change.
    """
    cells = result_set.cells
    done = [cell.done for cell in cells]
    keys, some = sorted(frozenset.intersection(*done)), frozenset.union(*done)
    if not keys:
        raise InputError(
            f"{result_set.folder} has no item that each of its {len(cells)} cells has done: "
            "choose some with method=..."
        )
    mapping: dict[str, Any] = {}
    for key in bar(keys, desc="export", unit="item"):
        mapping[key] = _entry(cells, key)
        place, source = mapping[key]["image_path"], _opened(cells[0].input(key))
        _save(source, folder / INPUTS / place)
        for cell in cells:
            result = _opened(cell.image(key))
            path = folder / _results(cell) / place
            if strips and not cell.records[key].from_jpeg:
                _save(_strip(source, result), path, "JPEG")
            else:
                _save(result, path)
    write_text(folder / MAPPING, json.dumps(mapping, indent=1))
    unmasked = sum(not cells[0].region(key).is_file() for key in keys)
    wrote = said_of(len(keys), "item", result_set, out)
    return "\n".join([wrote, *_caveats(len(some) - len(keys), unmasked), *_steps(cells, out)])


def _results(cell: Cell) -> str:
    return f"output/{cell.folder.name}/annotation_images"


def _entry(cells: Sequence[Cell], key: str) -> dict[str, Any]:
    record = cells[0].records[key]
    for cell in cells:
        if cell.records[key].target != record.target:
            raise InputError(
                f"the target of {key} is not the same in {cells[0].folder} and {cell.folder}: "
                "export one of them at a time, with method=..."
            )
    types = [tag[0] for tag in record.tags if re.match(r"\d ", tag)]
    return {
        "image_path": f"{key.replace('__', '/')}.jpg",
        "original_prompt": record.caption,
        "editing_prompt": record.target,
        "editing_instruction": "",
        "editing_type_id": types[0] if types else OTHER,
        "blended_word": "",
        "mask": _mask(cells[0].region(key)),
    }


def _mask(region: Path) -> list[int]:
    if not region.is_file():
        return []
    with Image.open(region) as picture:
        return encode(np.asarray(picture.convert("L")) > 127)


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        if picture.size != (SIDE, SIDE):
            raise InputError(
                f"{path} has {picture.width} by {picture.height} pixels and PnPInversion's "
                f"evaluator knows {SIDE} by {SIDE} alone: export it with to=folder"
            )
        return picture.convert("RGB")


def _strip(source: Image.Image, result: Image.Image) -> Image.Image:
    """Their four panels, but for a text in the first and a reconstruction in the third.

    What stands beside the result reaches its first column, where ``eval.jpeg`` has the input.
    """
    white = Image.new("RGB", (SIDE, SIDE), "white")
    strip = Image.new("RGB", (4 * SIDE, SIDE))
    for place, panel in enumerate((white, source, source, result)):
        strip.paste(panel, (place * SIDE, 0))
    return strip


def _save(picture: Image.Image, path: Path, form: str = "PNG") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, form)


def _caveats(left: int, unmasked: int) -> Iterator[str]:
    if left:
        yield f"left out {counted(left, 'item')} that not every cell has done"
    if unmasked:
        yield (
            f"{counted(unmasked, 'item')} {'have' if unmasked > 1 else 'has'} no mask: their "
            "evaluator takes the whole picture as unedited"
        )


def _steps(cells: Sequence[Cell], out: Path) -> list[str]:
    names = [cell.folder.name for cell in cells]
    folders = {name: str(out / _results(cell)) for name, cell in zip(names, cells, strict=True)}
    words = ["python", "evaluation/evaluate.py", "--annotation_mapping_file", str(out / MAPPING)]
    words += ["--src_image_folder", str(out / INPUTS), "--tgt_methods", *names]
    return [
        "to be added to all_tgt_image_folders in evaluation/evaluate.py:",
        *(f"    {json.dumps(name)}: {json.dumps(path)}," for name, path in folders.items()),
        "and then run there:",
        f"    {shlex.join(words)}",
    ]
