"""Repeating a sweep until nothing is missing, also after failures that no launcher requeues."""

import subprocess
import sys
from collections.abc import Sequence

from experiments.jobs.plan import name_of, plan, state_of
from experiments.store.open import existing_cell
from pti.errors import InputError

NAMED = 5
"""How many jobs a message names; it counts the rest."""


def repeat(overrides: Sequence[str], rounds: str) -> None:
    """Run ``experiments.run`` until nothing is missing, at most ``rounds`` times.

    Each round is a separate process. Raises ``InputError`` naming the jobs that are not whole, and
    where the last round failed.
    """
    if not rounds.isdecimal() or int(rounds) < 1:
        raise InputError(f"rounds={rounds}: say how often to repeat the sweep, as rounds=3")
    jobs = missing = plan(overrides)
    for number in range(1, int(rounds) + 1):
        print(f"round {number} of at most {rounds}", file=sys.stderr)  # noqa: T201
        ended = subprocess.run([sys.executable, "-m", "experiments.run", *overrides], check=False)  # noqa: S603
        missing = [cfg for cfg in jobs if not state_of(cfg, existing_cell(cfg)).whole]
        if not missing and not ended.returncode:
            return
    if not missing:
        raise InputError(
            f"the last of {rounds} rounds failed, though nothing is missing; its error stands above"
        )
    names = [name_of(cfg) for cfg in missing]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    raise InputError(
        f"after {rounds} rounds, {len(missing)} of {len(jobs)} jobs are not whole: "
        f"{', '.join(names[:NAMED])}{more}. What kept them from it is said above"
    )
