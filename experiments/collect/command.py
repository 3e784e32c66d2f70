"""The page of a repository's own results: main tables, verdicts and figures, with who made them.

    python -m experiments.collect [page=results results=results out=docs beside=FOLDER]

Writes ``results.md`` and ``pictures/`` into ``out``, from the result sets that ``make tables`` and
``make figures`` leave; run those first. ``page=inversions`` writes ``inversions.md``, from those of
``make inversions``, with every table. ``beside`` is a results folder of the same runs in a second
precision; the sections that it has show it as well, with the largest differences. Each section has
the digests of the weights and of the settings that it follows from, so that a page that is not of
today's can be told.
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from PIL import Image

from experiments.collect.beside import beside
from experiments.jobs.command_line import options_of
from experiments.report.command import (
    ABOUT_TRUTH,
    INTERVALS,
    OF_CLASSES,
    TRUTH,
    Report,
    claim_markdown,
)
from experiments.report.figures import draw
from experiments.report.paper import read_paper
from experiments.store.atomic import write_aside, write_text
from experiments.store.result_set import ResultSet
from experiments.table import escape_markdown, markdown
from pti.errors import InputError

DECIDES = ("goal", "method", "data", "model", "seed")
OPTIONS = ("page", "results", "out", "beside")
WIDTH = 1100
"""Width of pictures, in pixels."""

COLOURS = 128


@dataclass(frozen=True)
class Page:
    """What a page says first, the result sets that it shows, and the commands that make them.

    ``whole`` shows every table of their layout, not the main one alone.
    """

    about: str
    sections: tuple[tuple[str, str], ...]
    made_by: str
    whole: bool = False


PAGES = {
    "results": Page(
        """# Results

All tables and figures of the paper on the embedded world; `docs/embedded_world.md` says what they
can show about Stable Diffusion, and what they can't. Made by `make tables` and `make figures`, but
Figures 4 and 6 by `python -m experiments.run experiment=figure4 limit=250 workers=2`, and the same
for `figure6`: all edits of their data, as two orderings stay open at the 150 of `make figures`. Put
together by `experiments.collect`.
""",
        (
            ("table1", "scenes-scenes"),
            ("table2", "scenes-scenes"),
            ("table2", "scenes-photos"),
            ("table3", "scenes-scenes"),
            ("figure4", "scenes-scenes_change"),
            ("figure5", "scenes-scenes_edit"),
            ("figure6", "scenes-scenes_change"),
        ),
        "make tables and make figures",
    ),
    "inversions": Page(
        """# Inversions compared

Every inversion on one task of reconstruction and one of editing, and at equal cost, on the embedded
world; `docs/embedded_world.md` says what this can show about Stable Diffusion, and what it can't.
Made by `make inversions IMAGES=32` (24 at equal cost), and put together by `experiments.collect
page=inversions`. Seconds are rough, as tests ran beside; each method had a cache of its own, but
for some at equal cost. A call is a pass of one picture's latent through the UNet, forward or
backward. Each method has its own defaults (`configs/method/`) but for the number of steps and the
guidance scale of the edit, which are the same for all, and the mask, which none has; what inverts
towards the caption does so at guidance 1 (`configs/experiment/`).
""",
        (
            ("inversions", "scenes-scenes"),
            ("inversions_edit", "scenes-scenes_edit"),
            ("inversions_budget", "scenes-scenes_edit"),
        ),
        "make inversions",
        whole=True,
    ),
    "grid": Page(
        """# Inversions by editors

Every pair of an inversion and an editor on the same edits of the embedded world;
`docs/embedded_world.md` says what this can show about Stable Diffusion, and what it can't. Made by
`make grid IMAGES=28`, four edits of each kind, and put together by `experiments.collect page=grid`.
Each half has the settings of its file in `configs/inversion/` or `configs/method/`: those of the
authors or of PnPInversion, none chosen on these pictures. For all, inversion goes up to 0.8 of the
noise, 40 of 50 steps, and the target's guidance scale is 7.5. A call is a pass of one picture's
latent through the UNet, forward or backward. With DDIM the picture's own branch is the caption's
reconstruction at that guidance for every editor, as in PnPInversion's P2P, where MasaCtrl and
Plug-and-Play invert and sample the empty prompt; with EDICT theirs has the caption, without which
its second latent would not be known. Seconds are those of pictures for which the cache gave
nothing; pairs share their inversion through it, so that most have a dash.
""",
        (("grid", "scenes-scenes_edit"),),
        "make grid",
        whole=True,
    ),
}
"""Pages by name, which is that of the file."""


def settings_digest(configs: Iterable[DictConfig]) -> str:
    """A digest of what cells were asked to do: goal, method, data, model and seed of each.

    Precision and the number of pictures depend on the machine and its time; sections say them.
    """
    whole: list[Any] = [
        OmegaConf.to_container(cfg, resolve=True, enum_to_str=True) for cfg in configs
    ]
    asked = sorted(json.dumps([one[part] for part in DECIDES], sort_keys=True) for one in whole)
    return sha256(json.dumps(asked).encode()).hexdigest()[:16]


def section(
    report: Report, pictures: Iterable[Path], second: Report | None = None, *, whole: bool = False
) -> str:
    """One result set: its main table, pictures, verdicts, and who made it; then in ``second``.

    ``whole`` adds the other tables of its layout.
    """
    result_set = report.summary.result_set
    weights = sorted({run.weights for run in result_set.runs().values()})
    digest = settings_digest(cell.config for cell in result_set.cells)
    title = f"{report.summary.table.title} ({result_set.model}, {result_set.data})"
    parts = [f"## {escape_markdown(title)}\n", markdown(report.tables[0])]
    parts += [f"![{path.stem}](pictures/{path.name})\n" for path in pictures]
    parts += map(markdown, report.tables[1:] if whole else [])
    parts += map(claim_markdown, report.claims)
    if report.truths:
        parts += [f"### {TRUTH}\n", f"{ABOUT_TRUTH}\n", *map(claim_markdown, report.truths)]
    said = [remark for remark in report.remarks() if remark not in (INTERVALS, OF_CLASSES)]
    said.append(f"Weights {', '.join(weights)}; settings {digest}.")
    parts += [*(f"- {escape_markdown(remark)}" for remark in said), ""]
    return "\n".join([*parts, *([] if second is None else [beside(report, second)])])


def collect(results: Path, out: Path, second: Path | None = None, name: str = "results") -> Path:
    """Write the page ``name``; raises ``InputError`` where a result set is missing."""
    page = PAGES[name]
    folders = [Path(experiment) / names for experiment, names in page.sections]
    for folder in folders:
        if not (results / folder).is_dir():
            raise InputError(f"{results / folder} is missing: run {page.made_by}")
    if second is not None and not any((second / folder).is_dir() for folder in folders):
        raise InputError(f"beside={second} holds none of {', '.join(map(str, folders))}")
    sections: list[str] = []
    for folder in folders:
        report = _report(results / folder)
        also = None if second is None else second / folder
        other = _report(also) if also is not None and also.is_dir() else None
        figures = draw(report.summary, results / folder / "report")
        pictures = [_small(path, out / "pictures", folder.name) for path in figures]
        sections.append(section(report, pictures, other, whole=page.whole))
    path = out / f"{name}.md"
    write_text(path, "\n".join([page.about, f"{INTERVALS} {OF_CLASSES}\n", *sections]))
    return path


def _report(folder: Path) -> Report:
    return Report.of(ResultSet.read(folder), read_paper())


def _small(path: Path, folder: Path, result_set: str) -> Path:
    """A copy of a picture, named after its result set, that is small enough for a repository."""
    with Image.open(path) as picture:
        drawn = picture.convert("RGB")
    drawn.thumbnail((WIDTH, 8 * WIDTH), Image.Resampling.LANCZOS)
    encoded = BytesIO()
    drawn.quantize(COLOURS).save(encoded, format="PNG", optimize=True)
    copy = folder / f"{result_set}-{path.name}"
    write_aside(copy, lambda aside: aside.write_bytes(encoded.getvalue()))
    return copy


def main() -> None:
    """Write the page into the folder that the command line names."""
    options: dict[str, Any] = options_of(sys.argv[1:], OPTIONS)
    second, name = options.get("beside"), options.get("page", "results")
    if name not in PAGES:
        raise InputError(f"page={name}: there are {' and '.join(PAGES)}")
    path = collect(
        Path(options.get("results", "results")),
        Path(options.get("out", "docs")),
        None if second is None else Path(second),
        name,
    )
    print(f"wrote {path}")  # noqa: T201
