"""What the cache holds, and what is deleted of it."""

import json
import re
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import numpy as np
import pytest

from baselines.ddim import Ddim
from experiments.cache.command import main
from experiments.run.cache import cached
from experiments.store.atomic import write_json
from experiments.store.entries import Store
from experiments.store.sources import code_of_part
from pti.diffusion.trace import Trace
from pti.errors import InputError
from pti.prompt_tuning import PromptTuning
from tests.tiny import tiny_batch, tiny_model

TRACE = Trace(steps=2)
REPOSITORY = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from experiments.store.locks import reserved
with reserved(Path(sys.argv[1]) / "reserved", ["key"]):
    print("held", flush=True)
    input()
"""


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["cache", *words, f"cache={tmp_path}"])
        main()
        return capsys.readouterr().out

    return run


def invert(folder, method):
    model = tiny_model()
    before = model.calls
    cached(method, Store(folder)).reconstruction(model, tiny_batch())
    return (model.calls - before).forward


def outdate(folder, kind, **fields):
    """Make the entries of a class look as if its code had been different."""
    for path in folder.glob("entries/*/*.json"):
        entry = json.loads(path.read_text())
        if entry["about"]["method"]["class"] == kind:
            entry["about"]["method"] |= {"code": "00", **fields}
            path.write_text(json.dumps(entry))


def test_it_lists_kinds_with_their_number(tmp_path, call):
    invert(tmp_path, Ddim(trace=TRACE))
    said = call("ls")
    rows = dict(re.findall(r"^(\w[\w, ]*?) {2,}(\d+) ", said, re.MULTILINE))
    kinds = {"Ddim, reconstruction": "3", "Trace": "3"}
    none = ("class means", "readings of inputs", "tensors that no entry names")
    assert rows == {**kinds, **dict.fromkeys(none, "0")}


def test_pruning_keeps_what_can_be_read_and_no_more(tmp_path, call):
    tuned, ddim = PromptTuning(trace=TRACE, iterations=1), Ddim(trace=TRACE)
    invert(tmp_path, tuned)
    before = sorted(tmp_path.rglob("*.*"))
    invert(tmp_path, ddim)
    assert call("prune").startswith("0 files deleted")
    outdate(tmp_path, "Ddim")
    unfinished = next(tmp_path.glob("tensors/*")) / ".0123.safetensors"
    unfinished.touch()
    assert "3 entries are of code that has changed" in call("ls")
    assert call("prune").startswith("7 files deleted"), "three entries, their latents, and that"
    assert not unfinished.exists()
    assert sorted(tmp_path.rglob("*.*")) == before
    assert invert(tmp_path, tuned) == 0
    assert invert(tmp_path, ddim) > 0


def test_readings_of_code_that_has_changed_are_pruned(tmp_path, call):
    for name, code in (("now", code_of_part("eval.structure")), ("before", "0")):
        about = tmp_path / "readings" / name / "about.json"
        write_json(about, {"module": "eval.structure", "code": code})
        np.save(about.with_name("picture.npy"), np.zeros(4))
    assert "2 files deleted" in call("prune")
    assert [path.name for path in tmp_path.glob("readings/*/*.npy")] == ["picture.npy"]
    assert (tmp_path / "readings/now/picture.npy").exists()


def test_a_cache_in_use_is_not_pruned(tmp_path, call):
    invert(tmp_path, Ddim(trace=TRACE))
    words = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with Popen(words, stdin=PIPE, stdout=PIPE, text=True, cwd=REPOSITORY) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InputError, match="a run is at work"):
            call("prune")
        holder.communicate("\n")
    call("prune")


def test_the_entries_of_a_module_that_is_not_there_are_kept(tmp_path, call):
    invert(tmp_path, Ddim(trace=TRACE))
    outdate(tmp_path, "Ddim", module="my_methods")
    assert call("prune").startswith("0 files deleted")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("prun",), "'prun' is not an action. Did you mean 'prune'"),
        (("ls", "cash=here"), "'cash=here' is no option"),
    ],
)
def test_bad_input_is_one_sentence(call, words, sentence):
    with pytest.raises(InputError, match=sentence):
        call(*words)


def test_a_cache_that_is_not_there_is_said(tmp_path, call):
    tmp_path.rmdir()
    with pytest.raises(InputError, match="there is no cache in"):
        call("ls")
