"""Exports results in a form that other code reads, from the results folder alone.

    python -m experiments.export to=folder out=exported experiment=figure5 [method=pti,diffedit]
    python -m experiments.export to=pnpinversion out=exported experiment=figure5 [files=jpeg]

``to=pnpinversion`` writes what PnPInversion's evaluation/evaluate.py reads: the pictures as they
are, whose numbers it then gives, or with ``files=jpeg`` the strips of four panels that its own
scripts save in JPEG, whose numbers are those of ``metrics=pie_bench`` (jpeg75). ``to=folder``
writes pictures and metadata.jsonl, which Hugging Face's imagefolder reads, and ``data=folder`` to
reconstruct them, as the rows are results with their target as the text; ``to=parquet`` writes rows
and pictures in one file; ``to=hub_card`` that file with a card, as a data set to publish.
``model=``, ``data=`` and ``results=`` choose the results, ``method=`` some of their methods.
Nothing is overwritten: ``out`` is a new folder.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from data.command_line import closest
from experiments.export.folder import write_folder
from experiments.export.hub_card import write_card
from experiments.export.parquet import write_parquet
from experiments.export.pnpinversion import write_pnpinversion
from experiments.jobs.command_line import options_of
from experiments.store.atomic import whole_folder
from experiments.store.result_set import ResultSet, find_result_set
from pti.errors import InputError

NEEDED = ("to", "out", "experiment")
OPTIONS = (*NEEDED, "model", "data", "results", "method", "files")

Form = Callable[[ResultSet, Path, Path], str]
"""Writes results into a folder that will be moved to the path that follows; returns what to say."""

FORMS: dict[str, Form] = {
    "pnpinversion": write_pnpinversion,
    "folder": write_folder,
    "parquet": write_parquet,
    "hub_card": write_card,
}
FILES = {"png": write_pnpinversion, "jpeg": partial(write_pnpinversion, strips=True)}
"""The kinds of files that ``to=pnpinversion`` can have."""


def form_of(options: dict[str, str]) -> Form:
    """What writes the form that is asked for; raises ``InputError`` where there is none."""
    form = options["to"]
    if form not in FORMS:
        raise InputError(
            f"to={form} is unknown.{closest(form, FORMS)} There are {', '.join(FORMS)}"
        )
    if (files := options.get("files")) is None:
        return FORMS[form]
    if form != "pnpinversion":
        raise InputError(f"files={files} is for to=pnpinversion alone: leave it out")
    if files not in FILES:
        raise InputError(f"files={files} is unknown: there are {' and '.join(FILES)}")
    return FILES[files]


def chosen(options: dict[str, str]) -> ResultSet:
    """The result set that is asked for, with the cells of the methods that ``method`` names."""
    names = {key: options[key] for key in ("model", "data") if key in options}
    results = Path(options.get("results", "results"))
    result_set = find_result_set(results, options["experiment"], **names)
    known = list(dict.fromkeys(cell.config.method.name for cell in result_set.cells))
    wanted = options["method"].split(",") if "method" in options else known
    for method in wanted:
        if method not in known:
            raise InputError(
                f"{result_set.folder} has no method={method}.{closest(method, known)} There are "
                f"{', '.join(known)}"
            )
    cells = tuple(cell for cell in result_set.cells if cell.config.method.name in wanted)
    if not any(cell.done for cell in cells):
        raise InputError(f"{result_set.folder} has no picture of them: run its experiment again")
    return replace(result_set, cells=cells, empty=())


def main() -> None:
    """Run the command."""
    options = options_of(sys.argv[1:], OPTIONS)
    for name in NEEDED:
        if not options.get(name):
            raise InputError(f"{name} is not set: add {name}=... to the command")
    write, result_set = form_of(options), chosen(options)
    out = Path(options["out"]).resolve()
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"out={options['out']} is there and not empty: name a new folder")
    with whole_folder(out) as folder:
        said = write(result_set, folder, out)
    print(said)  # noqa: T201
