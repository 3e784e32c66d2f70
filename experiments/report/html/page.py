"""``report.html``: tables, verdicts, figures, settings and pictures of a result set in one file."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, select_autoescape
from omegaconf import OmegaConf

from experiments.report.html.gallery import gallery
from experiments.report.summary import Summary
from experiments.report.verdicts import Graded
from experiments.store.formats import SETTING
from experiments.table import Entry, Table

HERE = Path(__file__).parent
KINDS = {
    ".csv": "CSV",
    ".tex": "LaTeX",
    ".md": "Markdown",
    ".pdf": "PDF",
    ".png": "PNG",
    ".svg": "SVG",
}


def page(
    summary: Summary,
    tables: Sequence[Table],
    claims: Sequence[tuple[str, str, Sequence[Graded]]],
    remarks: Sequence[str],
    files: Sequence[Path],
) -> str:
    """The whole page as HTML.

    ``claims`` are sections: a title, what it is about, and its claims. ``files`` lie beside the
    page; each PNG among them is a figure that also has an SVG and a PDF. All links are relative, so
    that a folder of results may be moved.
    """
    figures = [path for path in files if path.suffix == ".png"]
    result_set = summary.result_set
    template = _environment().get_template("report.html")
    return template.render(
        title=summary.table.title,
        experiment=result_set.experiment,
        model=result_set.model,
        data=result_set.data,
        claims=[(name, about, graded) for name, about, graded in claims if graded],
        tables=tables,
        costs=_costs(summary),
        failures=_failures(summary),
        remarks=remarks,
        files=[_link(path) for path in files if path not in figures],
        figures=[_figure(path) for path in figures],
        settings=_settings(summary),
        gallery=_script_safe(gallery(summary)),
        style=(HERE / "report.css").read_text("utf-8"),
        script=(HERE / "report.js").read_text("utf-8"),
    )


def index(reports: Sequence[dict[str, Any]]) -> str:
    """The index page as HTML, with a link to every report; ``reports`` are their index entries."""
    style = (HERE / "report.css").read_text("utf-8")
    return _environment().get_template("index.html").render(reports=reports, style=style)


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE),
        autoescape=select_autoescape(),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _script_safe(value: Any) -> str:
    """JSON that is safe inside a script element, whatever text a caption contains."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _link(path: Path) -> tuple[str, str]:
    """The text and the address of a link to a file beside the page."""
    return KINDS[path.suffix], quote(path.name)


def _figure(path: Path) -> tuple[str, str, list[tuple[str, str]]]:
    """A figure's name, its data address, and links to its files."""
    kinds = [path.with_suffix(suffix) for suffix in (".pdf", ".png", ".svg")]
    encoded = base64.b64encode(kinds[-1].read_bytes()).decode()
    return path.stem, f"data:image/svg+xml;base64,{encoded}", [_link(kind) for kind in kinds]


def _costs(summary: Summary) -> Table:
    """UNet calls per image, by stage, and seconds per image, of each cell."""
    made = {
        name: [cell.records[key] for key in sorted(cell.done)] for name, cell in summary.named()
    }
    stages = sorted({stage for records in made.values() for r in records for stage in r.calls})
    rows = tuple(
        (
            Entry(name),
            Entry(str(len(records))),
            *(Entry(_mean([r.calls.get(stage, 0) for r in records])) for stage in stages),
            Entry(_mean([r.seconds or 0.0 for r in records])),
        )
        for name, records in made.items()
    )
    header = ("method", "n", *stages, "seconds")
    return Table("UNet calls an image, by stage, and seconds of the run", header, rows, labels=1)


def _mean(values: Sequence[float]) -> str:
    return f"{fmean(values):.4g}" if values else "–"


def _failures(summary: Summary) -> list[str]:
    return [
        f"{name}, {key}: {record.error}"
        for name, cell in summary.named()
        for key, record in sorted(cell.records.items())
        if not record.done
    ]


def _settings(summary: Summary) -> list[tuple[str, str]]:
    """Names and texts: the shared configuration, each cell's method, and one cell's provenance."""
    result_set = summary.result_set
    found = [("shared by all cells", (result_set.folder / SETTING).read_text("utf-8"))]
    found += [
        (f"{cell.folder.name}: method", OmegaConf.to_yaml(cell.config.method))
        for cell in result_set.cells
    ]
    for name, about in list(result_set.runs().items())[:1]:
        made_by = about.written() | {"data": about.data["sha256"]}
        found.append((f"{name}: made by", json.dumps(made_by, indent=2)))
    return found
