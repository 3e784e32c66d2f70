"""What the documents tell a reader to type, and what they name."""

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted(REPOSITORY.glob("docs/*.md")),
]

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
SHELL = ("", "bash")
PROGRAM = "py"
"""The language of a block that is run as it stands; one in python goes into a file."""
SPAN = re.compile(r"`([^`]+)`(?: \((needs [^)]+)\))?")
NEEDS = re.compile(r"\bneeds ([\w, -]+)")
ALTERNATIVES = re.compile(r"`(\w+)=[^`]*`((?:, `\w+(?: [^`]*)?`)+)")


@dataclass(frozen=True)
class Command:
    """A line to type, and what it needs that a machine may lack, as the document says."""

    line: str
    needs: frozenset[str]

    def words(self) -> list[str]:
        """The shell's words, with its variables as they are now."""
        return [os.path.expandvars(word) for word in shlex.split(self.line, comments=True)]


def commands(text: str) -> Iterator[Command]:
    """Each line of a fenced block, and each span such as ``python -m ...``, in their order."""
    at = 0
    for block in BLOCK.finditer(text):
        yield from _spans(text[at : block.start()])
        at = block.end()
        if block[1] in SHELL:
            for line in filter(None, block[2].replace("\\\n", " ").splitlines()):
                yield _command(line, line.partition(" # ")[2])
    yield from _spans(text[at:])


def _spans(text: str) -> Iterator[Command]:
    for span, remark in SPAN.findall(text):
        if re.match(r"(python|make|pip) ", span):
            yield _command(" ".join(span.split()), remark)


def _command(line: str, remark: str) -> Command:
    needs = NEEDS.search(remark)
    return Command(line, frozenset(re.split(", | and ", needs[1].strip()) if needs else ()))


def files(text: str) -> dict[str, str]:
    """What a reader puts into files: each other block, by the path that is named last before it."""
    return {
        re.findall(r"`([\w/]+\.\w+)`", text[: block.start()])[-1]: block[2]
        for block in BLOCK.finditer(text)
        if block[1] not in (*SHELL, PROGRAM)
    }


def programs(text: str) -> list[str]:
    """Each block that is a program; each goes on from the one before."""
    return [block[2] for block in BLOCK.finditer(text) if block[1] == PROGRAM]


def choices(text: str) -> set[tuple[str, str]]:
    """Keys and values: of ``data=scenes``, ``method=vae,ddim``, and "`data=scenes`, `photos`"."""
    words = re.findall(r"(?<![\w.])(\w+)=([\w,]+)", text)
    chosen = {(key, value) for key, values in words for value in values.split(",")}
    for key, others in ALTERNATIVES.findall(text):
        chosen |= {(key, value) for value in re.findall(r"`(\w+)", others)}
    return {(key, value) for key, value in chosen if value}
