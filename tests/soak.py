"""Kills two runs of one experiment over and over, and looks whether anything was lost.

    python -m tests.soak [kills=200] [seed=0]

Two processes work on Table 2 of a tiny model, each killed (SIGKILL) at a random moment and started
again. Whenever the experiment is whole it is looked at, and begun anew in another folder: every
picture is acknowledged and scored once, every image opens, and the report's table has the bytes of
an undisturbed run's. Exits with 1 and a sentence where that is not so.
"""

import os
import random
import signal
import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Never

from PIL import Image
from tqdm import tqdm

from experiments.jobs.command_line import for_people
from experiments.report import command as report
from experiments.run import command as run
from experiments.store.atomic import read_lines
from tests.tiny_world import save_model, words_of, write_pictures

PICTURES = 12
EXPERIMENT = [
    "experiment=table2",
    "method=ddim,nti,pti_reconstruction",
    "method.invert.trace.steps=4",
    "workers=1",
]
CELLS = ("ddim", "nti", "pti")
LONGEST = 6.0
"""Seconds that a process lives at most before it is killed; loading takes about one of them."""


def start(words: list[str], log: Path) -> int:
    """Run ``experiments.run`` in a fork of this process, which has imported everything; its id."""
    process = os.fork()
    if process:
        return process
    os.setsid()
    with log.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    sys.argv[1:] = words
    code = 1
    try:
        for_people(run.main)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stderr.flush()
        os._exit(code)


def finish(words: list[str], log: Path) -> None:
    """An undisturbed run, which must succeed."""
    _, status = os.waitpid(start(words, log), 0)
    if status:
        raise SystemExit(f"a run failed; it said: {log.read_text()[-2000:]}")


def problems(setting: Path) -> list[str]:
    """What is wrong with a whole experiment's files; empty where nothing is."""
    found: list[str] = []
    expected = sorted(f"{index}.png" for index in range(PICTURES))
    for cell in (setting / "cells" / name for name in CELLS):
        for name in ("records.jsonl", "scores.jsonl"):
            keys = sorted(line["key"] for line in read_lines(cell / name))
            if keys != expected:
                found.append(f"{cell / name} holds {keys}")
        for key in expected:
            with Image.open(cell / "images" / f"{key}.png") as picture:
                picture.load()
    return found


def table(results: Path) -> bytes:
    """The report's numbers."""
    sys.argv[1:] = ["experiment=table2", f"results={results}"]
    with redirect_stdout(StringIO()):
        report.main()
    (path,) = results.glob("table2/*/report/table2.csv")
    return path.read_bytes()


@dataclass
class Soak:
    """Two processes over one experiment in ``folder``, and chance."""

    folder: Path
    model: Path
    chance: random.Random
    kills: int = 0
    rounds: int = 0
    alive: dict[int, float] = field(default_factory=dict)

    def words(self, name: str) -> list[str]:
        """Those of a run whose results and cache are its own."""
        places = [f"results={self.folder / name}", f"cache={self.folder / name}-cache"]
        return [*EXPERIMENT, *words_of(self.folder, self.model), *places]

    def disturb(self, wanted: int, bar: "tqdm[Never]") -> None:
        """Kill until the experiment is whole, or as often as is wanted."""
        name = f"round{self.rounds}"
        while self.kills < wanted:
            while len(self.alive) < 2:
                process = start(self.words(name), self.folder / f"{name}.log")
                self.alive[process] = time.monotonic() + self.chance.uniform(0.2, LONGEST)
            time.sleep(0.02)
            for process, until in list(self.alive.items()):
                ended, status = os.waitpid(process, os.WNOHANG)
                if ended and status:
                    raise SystemExit(f"a run failed: see {self.folder / name}.log")
                if ended:
                    del self.alive[process]
                    return
                if time.monotonic() >= until:
                    os.kill(process, signal.SIGKILL)
                    os.waitpid(process, 0)
                    del self.alive[process]
                    self.kills += 1
                    bar.update()

    def rest(self) -> None:
        """Wait for the process that is left."""
        for process in list(self.alive):
            os.waitpid(process, 0)
            del self.alive[process]

    def __call__(self, wanted: int) -> list[str]:
        """What went wrong in ``wanted`` kills; empty where nothing did."""
        finish(self.words("undisturbed"), self.folder / "undisturbed.log")
        expected = table(self.folder / "undisturbed")
        with tqdm(total=wanted, unit="kill") as bar:
            while self.kills < wanted:
                self.disturb(wanted, bar)
                self.rest()
                name = f"round{self.rounds}"
                finish(self.words(name), self.folder / f"{name}.log")
                (setting,) = (self.folder / name / "table2").iterdir()
                if found := problems(setting):
                    return found
                if table(self.folder / name) != expected:
                    return [f"the table of {setting} has other bytes than an undisturbed run's"]
                self.rounds += 1
        return []


def main() -> None:
    """The command."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)  # noqa: T201
        return
    options = dict(word.split("=") for word in sys.argv[1:])
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_pictures(folder / "pictures", PICTURES)
        model = save_model(folder / "model")
        soak = Soak(folder, model, random.Random(int(options.get("seed", "0"))))  # noqa: S311
        found = soak(int(options.get("kills", "200")))
    print(f"{soak.kills} kills, the experiment whole {soak.rounds} times")  # noqa: T201
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
