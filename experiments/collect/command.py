"""The page of a repository's own results: main tables, verdicts and figures, with who made them.

    python -m experiments.collect [results=results out=docs]

Writes ``results.md`` and ``pictures/`` into ``out``, from the result sets that ``make tables`` and
``make figures`` leave; run those first. Each section has the digests of the weights and of the
settings that it follows from, so that a page that is not of today's can be told.
"""

import json
import sys
from collections.abc import Iterable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from PIL import Image

from experiments.jobs.command_line import options_of
from experiments.report.command import ABOUT_TRUTH, TRUTH, Report, claim_markdown, made_by
from experiments.report.figures import draw
from experiments.report.paper import read_paper
from experiments.store.atomic import write_aside, write_text
from experiments.store.result_set import ResultSet
from experiments.table import escape_markdown, markdown
from pti.errors import InputError

SECTIONS = (
    ("table1", "scenes-scenes"),
    ("table2", "scenes-scenes"),
    ("table2", "scenes-photos"),
    ("table3", "scenes-scenes"),
    ("figure4", "scenes-scenes_change"),
    ("figure5", "scenes-scenes_edit"),
    ("figure6", "scenes-scenes_change"),
)
OPTIONS = ("results", "out")
WIDTH = 1100
"""Width of pictures, in pixels."""

COLOURS = 128

ABOUT = """# Results

All tables and figures of the paper on the embedded world; `docs/embedded_world.md` says what they
can show about Stable Diffusion, and what they can't. Made by `make tables` and `make figures`, and
written by `python -m experiments.collect`.
"""


def settings_digest(configs: Iterable[DictConfig]) -> str:
    """A digest of what each cell was asked to do: its method, its data, and the model."""
    asked = sorted(
        json.dumps(
            [
                OmegaConf.to_container(cfg[part], resolve=True)
                for part in ("method", "data", "model")
            ],
            sort_keys=True,
        )
        for cfg in configs
    )
    return sha256(json.dumps(asked).encode()).hexdigest()[:16]


def section(report: Report, pictures: Iterable[Path]) -> str:
    """One result set: its main table, verdicts, notes on missing results, and pictures."""
    result_set = report.summary.result_set
    weights = sorted({run.weights for run in result_set.runs().values()})
    digest = settings_digest(cell.config for cell in result_set.cells)
    parts = [f"## {escape_markdown(report.summary.table.title)}\n", markdown(report.tables[0])]
    parts += [f"![{path.stem}](pictures/{path.name})\n" for path in pictures]
    parts += map(claim_markdown, report.claims)
    if report.truths:
        parts += [f"### {TRUTH}\n", f"{ABOUT_TRUTH}\n", *map(claim_markdown, report.truths)]
    made = [*report.shortfalls, *made_by(result_set)]
    made.append(f"Weights {', '.join(weights)}; settings {digest}.")
    return "\n".join([*parts, " ".join(map(escape_markdown, made)), ""])


def collect(results: Path, out: Path) -> Path:
    """Write the page; raises ``InputError`` where a result set is missing."""
    sections: list[str] = []
    for experiment, names in SECTIONS:
        folder = results / experiment / names
        if not folder.is_dir():
            raise InputError(f"{folder} is missing: run make tables and make figures first")
        report = Report.of(ResultSet.read(folder), read_paper())
        figures = draw(report.summary, folder / "report")
        pictures = [_small(path, out / "pictures") for path in figures]
        sections.append(section(report, pictures))
    page = out / "results.md"
    write_text(page, "\n".join([ABOUT, *sections]))
    return page


def _small(path: Path, folder: Path) -> Path:
    """A copy of a picture that is small enough for a repository."""
    with Image.open(path) as picture:
        drawn = picture.convert("RGB")
    drawn.thumbnail((WIDTH, 8 * WIDTH), Image.Resampling.LANCZOS)
    encoded = BytesIO()
    drawn.quantize(COLOURS).save(encoded, format="PNG", optimize=True)
    write_aside(folder / path.name, lambda aside: _write(aside, encoded.getvalue()))
    return folder / path.name


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def main() -> None:
    """Write the page into the folder that the command line names."""
    options: dict[str, Any] = options_of(sys.argv[1:], OPTIONS)
    page = collect(Path(options.get("results", "results")), Path(options.get("out", "docs")))
    print(f"wrote {page}")  # noqa: T201
