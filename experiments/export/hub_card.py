"""``to=hub_card``: the rows in one file, and a card that tells a reader what they are."""

from collections.abc import Iterator
from pathlib import Path

from huggingface_hub import DatasetCard, DatasetCardData

from experiments.export.folder import copy_settings
from experiments.export.parquet import FILE, write_parquet
from experiments.export.rows import settings_of, weights_of
from experiments.report.command import about_intervals, made_by
from experiments.report.mend import again
from experiments.report.paper import Paper, read_paper
from experiments.report.summary import Summary, summarise
from experiments.report.tables import listings
from experiments.store.result_set import ResultSet
from experiments.table import escape_markdown, markdown

TAGS = ["image-editing", "diffusion-inversion"]

ABOUT = f"""Pictures that methods of diffusion inversion and text-driven editing made, and their
scores. `{FILE}` has a row a picture: `image` is the result and `input` what it was made of, `text`
says what the result should show and `caption` what the input shows. Each metric has a column, empty
where it is not defined. `<cell>.yaml` has the whole configuration of a cell, and the columns
`settings` and `weights` have the digests of that file and of the model's weights."""

AGAIN = """A cell that no command here makes has settings that are not in configs/: give again the
command that made it; `<cell>.yaml` has its settings."""

LICENCE = """The pictures are made from those of the data set named above, whose own licence holds
for them; this card grants none."""


def write_card(result_set: ResultSet, folder: Path, out: Path) -> str:
    """Write rows, settings and card into ``folder``, which will be ``out``; returns what to say."""
    wrote = write_parquet(result_set, folder, out)
    copy_settings(result_set, folder)
    data = DatasetCardData(
        pretty_name=_title(result_set),
        tags=TAGS,
        configs=[{"config_name": "default", "data_files": FILE}],
    )
    # Without the paper's numbers, which are not of these pictures.
    summary = summarise(result_set, Paper(read_paper().order, {}))
    card = DatasetCard(f"---\n{data.to_yaml()}\n---\n\n{_body(summary)}")
    card.save(folder / "README.md")
    return "\n".join(
        [
            wrote,
            f"its card, to be read before it is published: {out / 'README.md'}",
            "the inputs are the data set's own pictures: publish them only where its licence "
            "allows it",
        ]
    )


def _title(result_set: ResultSet) -> str:
    return f"{result_set.experiment}: model {result_set.model}, data {result_set.data}"


def _body(summary: Summary) -> str:
    result_set = summary.result_set
    tables = map(markdown, listings(summary))
    parts = [
        f"# {escape_markdown(_title(result_set))}\n",
        f"{ABOUT}\n",
        *("## Results\n", *tables, f"{' '.join(about_intervals(summary))}\n"),
        *("## What made them\n", *map(_item, made_by(result_set)), *_settings(summary), ""),
        *("## To make them again\n", *_again(summary)),
        *("## Licence\n", f"{LICENCE}\n"),
    ]
    return "\n".join(parts)


def _settings(summary: Summary) -> Iterator[str]:
    for name, cell in summary.named():
        digests = f"settings `{settings_of(cell)}`, weights `{weights_of(cell)}`"
        yield f"{_item(f'{name}, {cell.folder.name}.yaml')}: {digests}"


def _again(summary: Summary) -> Iterator[str]:
    commands, whole = again(summary)
    if commands:
        yield "\n".join(["```", *commands, "```\n"])
    if not whole:
        yield f"{AGAIN}\n"


def _item(sentence: str) -> str:
    return f"- {escape_markdown(sentence)}"
