"""One of the paper's experiments as a Slurm array, disturbed all the way, against a plain run.

    python -m tests.slurm.trial experiment=table3 limit=8 [shards=2 every=15 seed=0, any override]

Starts a real Slurm of two nodes with two fake GPUs each, submits the sweep to it, and every
``every`` seconds requeues or kills a task at random, preempts all of them, or takes a node down.
Then runs the sweep plainly, into another folder and another cache. Every picture must be recorded
once, and the reports' numbers and verdicts must have the same bytes. Exits with 1 and a sentence
where that is not so.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from experiments.store.atomic import read_lines
from tests.slurm.cluster import Slurm, lacking, running

RUN = [sys.executable, "-m", "experiments.run"]
REPORT = [sys.executable, "-m", "experiments.report"]
CLUSTER = ["cluster=slurm", "cluster.partition=gpu", "cluster.cpus=1", "rounds=5"]


def disturb(
    slurm: Slurm, driver: "subprocess.Popen[bytes]", every: float, seed: int
) -> Counter[str]:
    """Disturb the driver's jobs until it ends; how often in which way."""
    chance, done = random.Random(seed), Counter[str]()  # noqa: S311
    while driver.poll() is None:
        time.sleep(every)
        try:
            task, process = slurm.held()
        except AssertionError:  # nothing computes any more
            continue
        kind = chance.choice(["kill", "requeue", "preempt", "crash"])
        if kind == "requeue":
            slurm.requeue(task, process)
        else:
            {"kill": slurm.kill, "preempt": slurm.preempt, "crash": slurm.crash}[kind](process)
        done[kind] += 1
    return done


def recorded(results: Path) -> dict[str, Counter[str]]:
    """How often each picture is recorded, by cell."""
    return {
        path.parent.name: Counter(line["key"] for line in read_lines(path))
        for path in sorted(results.glob("*/*/cells/*/records.jsonl"))
    }


def reported(experiment: str, results: Path) -> dict[str, bytes]:
    """The report's numbers and verdicts."""
    subprocess.run([*REPORT, experiment, f"results={results}"], check=True)
    (folder,) = results.glob("*/*/report")
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.suffix in {".csv", ".json"}
    }


def trial(words: list[str], shards: str, every: float, seed: int, folder: Path) -> list[str]:
    """What went wrong; empty where nothing did."""
    experiment = next(word for word in words if word.startswith("experiment="))
    with running(folder / "slurm") as slurm:
        places = [f"results={folder / 'disturbed'}", f"cache={folder / 'disturbed-cache'}"]
        start = time.monotonic()
        driver = subprocess.Popen(
            [*RUN, *words, *CLUSTER, *places, f"shards={shards}"], env=slurm.environment
        )
        done = disturb(slurm, driver, every, seed)
        print(f"{time.monotonic() - start:.0f} s, disturbed: {dict(done)}")  # noqa: T201
        print(f"runs of tasks: {dict(Counter(slurm.states()))}")  # noqa: T201
        if driver.returncode:
            return [f"the sweep ended with {driver.returncode}"]
    places = [f"results={folder / 'plain'}", f"cache={folder / 'plain-cache'}"]
    subprocess.run([*RUN, *words, *places], check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    ours, plain = (reported(experiment, folder / name) for name in ("disturbed", "plain"))
    names = sorted(name for name in ours.keys() | plain.keys() if ours.get(name) != plain.get(name))
    print(f"compared {json.dumps({name: len(plain[name]) for name in sorted(plain)})} bytes")  # noqa: T201
    found = [f"{name} has other bytes than a plain run's" for name in names]
    if recorded(folder / "disturbed") != recorded(folder / "plain"):
        found.append("some picture is not recorded once, as a plain run records it")
    return found


def main() -> None:
    """The command."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)  # noqa: T201
        return
    if missing := lacking():
        sys.exit(f"Slurm is not installed here: {', '.join(missing)} missing")
    own = {"shards": "2", "every": "15", "seed": "0"}
    given = dict(word.split("=", 1) for word in sys.argv[1:] if word.partition("=")[0] in own)
    words = [word for word in sys.argv[1:] if word.partition("=")[0] not in own]
    own |= given
    with TemporaryDirectory() as temporary:
        found = trial(words, own["shards"], float(own["every"]), int(own["seed"]), Path(temporary))
    if found:
        sys.exit("\n".join(found))
    print("every picture once, and the bytes of a plain run")  # noqa: T201


if __name__ == "__main__":
    main()
