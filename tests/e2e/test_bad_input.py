"""One clear sentence, a non-zero exit, and nothing lost."""

import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from experiments.store.formats import CELLS, SETTING
from experiments.store.open import code_of_cell
from tests.tiny import parts

ONE = ("method=pti_reconstruction", "method.invert.trace.steps=2", "name=single", "cell=pti")


def refused(outcome, *says):
    assert outcome.code != 0
    assert "Traceback" not in outcome.err
    sentence = outcome.err.rpartition("error: ")[2]
    for word in says:
        assert word in sentence


@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["missing", "truncated", "animated", "empty", "no caption"])
def test_a_bad_item_fails_alone(workplace, kind):
    pictures = workplace.folder / "pictures"
    path = pictures / "1.png"
    if kind == "missing":
        path.unlink()
    elif kind == "truncated":
        path.write_bytes(path.read_bytes()[:200])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "animated":
        frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
        frames[0].save(path, "PNG", save_all=True, append_images=frames[1:])
    else:
        metadata = pictures / "metadata.csv"
        metadata.write_text(metadata.read_text().replace("a blue ring on snow", ""))

    refused(workplace.run(*ONE), "1 of 3 items failed", "1.png")
    cell = workplace.cell("single", "pti")
    assert {key: record.status for key, record in cell.records.items()} == {
        "0.png": "done",
        "1.png": "failed",
        "2.png": "done",
    }
    assert cell.records["1.png"].error
    assert set(cell.scores) == {"0.png", "2.png"}


@pytest.mark.e2e
def test_a_mended_item_is_computed_by_the_same_command(workplace):
    path = workplace.folder / "pictures/1.png"
    content = path.read_bytes()
    path.write_bytes(b"")
    assert workplace.run(*ONE).code != 0
    path.write_bytes(content)
    assert workplace.run(*ONE).code == 0
    assert set(workplace.cell("single", "pti").scores) == {"0.png", "1.png", "2.png"}


@pytest.mark.e2e
def test_a_caption_that_is_too_long_says_what_is_cut(workplace):
    metadata = workplace.folder / "pictures/metadata.csv"
    long = "a red star on grass a blue ring on snow an orange heart on wood"
    metadata.write_text(metadata.read_text().replace("a red star on grass", long))
    outcome = workplace.run(*ONE)
    assert outcome.code == 0
    (note,) = workplace.cell("single", "pti").records["0.png"].notes
    assert "'an orange heart on wood' was cut off" in note
    assert note in outcome.err


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("method=ptii", ["method=ptii is unknown", "Did you mean 'pti'?"]),
        ("experiment=tabel2", ["experiment=tabel2 is unknown", "Did you mean 'table2'?"]),
        ("method.invert.itertions=3", ["Did you mean 'method.invert.iterations'?"]),
        ("bacth_size=3", ["Did you mean 'batch_size'?"]),
        ("method.invert.optimizer=adamw", ["optimizer", "adamw"]),
        ("precision=fp8", ["precision", "fp8"]),
        ("method.invert.trace.steps=0", ["steps=0"]),
        ("batch_size=0", ["batch_size=0"]),
        ("limit=0", ["limit=0"]),
        ("cell=a/b", ["cell='a/b'"]),
        ("name=a/b", ["name='a/b'", "name=..."]),
        (f"cell={'é' * 150}", ["can't be a folder's name"]),
        (f"data.name={'é' * 150}", ["can't be a folder's name", "data.name=..."]),
        ("method=vae", ["method of this run has no field 'method.invert.trace.steps'"]),
        ("method.invert.omega=0.0", ["nothing to tune"]),
        ("data.path=nowhere", ["nowhere", "no folder"]),
        ("model.path=no/such/model", ["no/such/model", "model.path="]),
        ("limit=many", ["limit", "many"]),
        ("data.path=a=b", ["data.path=a=b is no folder"]),
        ("method.invert.lr=a=b", ["\"method.invert.lr='...'\""]),
    ],
)
def test_what_is_unknown_is_named(workplace, override, says):
    refused(workplace.run(*ONE, override), *says)


@pytest.mark.e2e
def test_a_data_path_must_be_given(workplace):
    words = [word for word in workplace.setting() if not word.startswith("data.path")]
    refused(workplace.call("run", *words, *ONE), "data.path")


@pytest.mark.e2e
@pytest.mark.parametrize(
    "part",
    ["unet", "vae/diffusion_pytorch_model.safetensors", "tokenizer", "tokenizer/tokenizer.json"],
)
def test_a_model_with_a_part_missing_is_named(workplace, part):
    folder = workplace.folder / "model"
    shutil.copytree(workplace.model, folder)
    gone = folder / part
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    refused(workplace.run(*ONE, f"model.path={folder}"), part.partition("/")[0], str(folder))


@pytest.mark.e2e
def test_truncated_weights_are_named(workplace):
    folder = workplace.folder / "model"
    shutil.copytree(workplace.model, folder)
    weights = folder / "text_encoder/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    refused(workplace.run(*ONE, f"model.path={folder}"), "text_encoder", "copy the folder again")


@pytest.mark.e2e
@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_cuda_without_a_gpu_is_refused(workplace):
    refused(workplace.run(*ONE, "device=cuda"), "device=cuda", "use device=cpu")


@pytest.mark.e2e
def test_a_folder_of_another_config_is_refused(workplace):
    assert workplace.run(*ONE).code == 0
    records = (workplace.cell("single", "pti").folder / "records.jsonl").read_bytes()
    refused(workplace.run(*ONE, "method.invert.lr=0.5"), "method.invert.lr=0.01, not 0.5")
    assert (workplace.cell("single", "pti").folder / "records.jsonl").read_bytes() == records


@pytest.mark.e2e
def test_a_folder_of_other_code_is_refused_unless_told(workplace, monkeypatch):
    assert workplace.run(*ONE, "limit=1").code == 0
    now = code_of_cell(workplace.cell("single", "pti").config)
    other = {**now, "pti.diffusion.retrace": "other"}
    monkeypatch.setattr("experiments.store.open.code_of_cell", lambda _: other)
    refused(workplace.run(*ONE), "other code (pti.diffusion.retrace", "accept_other_code=true")
    assert workplace.run(*ONE, "accept_other_code=true").code == 0


@pytest.mark.e2e
def test_a_folder_of_other_weights_is_refused(workplace):
    folder = workplace.folder / "model"
    shutil.copytree(workplace.model, folder)
    assert workplace.run(*ONE, "limit=1", f"model.path={folder}").code == 0
    parts(seed=1)["unet"].save_pretrained(folder / "unet")
    refused(workplace.run(*ONE, f"model.path={folder}"), "other model weights")


@pytest.mark.e2e
def test_what_fails_before_its_first_picture_leaves_nothing(workplace):
    few = ("experiment=table2", "method=ddim,nti", "method.invert.trace.steps=2")
    for override in ("data.path=nowhere", "model.path=no/such/model", "method.invert.omega=-x"):
        outcome = workplace.run(*few, override)
        refused(outcome)
        assert "cell 1 of" not in outcome.err
        assert not list((workplace.folder / "results").rglob(SETTING)), override
        assert not list((workplace.folder / "results").rglob(CELLS)), override
    assert "cell 1 of 2" in workplace.run(*few).err


@pytest.mark.e2e
def test_one_place_spelt_in_several_ways_is_one_place(workplace, monkeypatch):
    monkeypatch.chdir(workplace.folder)
    assert workplace.run(*ONE, "data.path=pictures/", "limit=1").code == 0
    for path in ("pictures", "./pictures//", str(workplace.folder / "pictures")):
        outcome = workplace.run(*ONE, f"data.path={path}")
        assert outcome.code == 0, outcome.err
    (setting,) = (workplace.folder / "results").rglob(SETTING)
    assert setting.parent.name == "sd14-folder_pictures"


@pytest.mark.e2e
def test_one_setting_spelt_in_several_ways_is_one_cell(workplace):
    few = ("experiment=table1", "method.invert.trace.steps=2", "method.invert.trace.omega=0")
    for omegas in ("1.0,2.50", "1,2.5", "1e0,25e-1"):
        assert workplace.run(*few, f"method.invert.omega={omegas}").code == 0
    cells = (workplace.folder / "results").rglob(f"{CELLS}/*")
    names = {f"ddim,forward_omega=0,omega={omega}" for omega in ("1", "2.5")}
    assert {cell.name for cell in cells} == names


@pytest.mark.e2e
def test_a_table_never_mixes_settings(workplace):
    assert workplace.run(*ONE).code == 0
    other = ("method=nti", "method.invert.trace.steps=2", "name=single", "cell=nti")
    refused(workplace.run(*other, "precision=bf16"), "precision=fp32, not bf16")
    refused(workplace.run(*other, "seed=1"), "seed=0, not 1")
    assert workplace.run(*other).code == 0


@pytest.mark.e2e
def test_a_caption_changed_after_the_run_is_refused(workplace):
    assert workplace.run(*ONE).code == 0
    metadata = workplace.folder / "pictures/metadata.csv"
    metadata.write_text(metadata.read_text().replace("red star", "blue ring"))
    refused(workplace.run(*ONE), "the caption of 0.png in the data set changed")


def pixels_of(path):
    with Image.open(path) as picture:
        return np.asarray(picture, int)


@pytest.mark.e2e
def test_a_picture_that_was_deleted_is_made_again(workplace):
    assert workplace.run(*ONE).code == 0
    cell = workplace.cell("single", "pti")
    image = cell.folder / cell.records["1.png"].image
    before = pixels_of(image)
    image.unlink()
    assert workplace.run(*ONE).code == 0
    # Made in another batch, where sums round otherwise.
    assert np.abs(pixels_of(image) - before).max() <= 1


@pytest.mark.e2e
def test_a_picture_listed_twice_is_named(workplace):
    metadata = workplace.folder / "pictures/metadata.csv"
    metadata.write_text(metadata.read_text() + "\n0.png,again")
    refused(workplace.run(*ONE), "metadata.csv lists 0.png twice")


@pytest.mark.e2e
def test_a_results_folder_that_cannot_be_written_is_named(workplace):
    blocked = workplace.folder / "blocked"
    blocked.write_text("a file, not a folder")
    refused(workplace.run(*ONE, f"results={blocked}"), "blocked", "results=")
    refused(workplace.run("experiment=table2", f"results={blocked}"), "blocked", "results=")


@pytest.mark.e2e
def test_a_cache_entry_cut_short_fails_its_item_and_names_the_file(workplace):
    assert workplace.run(*ONE, "limit=2").code == 0
    for entry in (workplace.folder / "cache").rglob("*.safetensors"):
        entry.write_bytes(entry.read_bytes()[:-100])
    again = f"results={workplace.folder / 'again'}"
    refused(workplace.run(*ONE, again), "2 of 3 items failed", "cache is damaged", ".safetensors")


@pytest.mark.e2e
def test_a_report_of_nothing_says_how_to_make_it(workplace):
    refused(workplace.report("experiment=table2"), "python -m experiments.run experiment=table2")


@pytest.mark.e2e
def test_a_picture_replaced_after_the_run_is_refused(workplace):
    assert workplace.run(*ONE, "limit=2").code == 0
    path = workplace.folder / "pictures/0.png"
    content, about = path.read_bytes(), path.stat()
    path.write_bytes((workplace.folder / "pictures/1.png").read_bytes())
    refused(workplace.run(*ONE, "limit=2"), "the picture of 0.png in the data set changed")
    path.write_bytes(content)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns + 10**9))
    assert workplace.run(*ONE).code == 0, "a copy has another time, and is the same picture"
    path.unlink()
    assert workplace.run(*ONE).code == 0, "what is finished needs its picture no longer"


@pytest.mark.e2e
def test_words_changed_after_the_run_are_refused(workplace):
    metadata = workplace.folder / "pictures/metadata.csv"
    lines = ["file_name,text,target,words", "0.png,a red star on grass,a blue ring on grass,{}"]
    metadata.write_text("\n".join(lines).format("blue"))
    edit = ("method=ddim_global", "method.invert.trace.steps=2", "goal=edit", "cell=edit")
    edit += ("metrics=reconstruction",)
    assert workplace.run(*edit).code == 0
    metadata.write_text("\n".join(lines).format("ring"))
    refused(workplace.run(*edit), "the words of 0.png in the data set changed")


@pytest.mark.e2e
def test_several_workers_on_one_gpu_are_refused(workplace, monkeypatch):
    monkeypatch.setattr("experiments.run.ready.torch_device", lambda _: torch.device("cuda:0"))
    refused(workplace.run(*ONE, "workers=2"), "workers=2", "one GPU", "cluster=joblib")
    assert not (workplace.folder / "results").exists()
