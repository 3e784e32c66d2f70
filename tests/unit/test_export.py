"""What is exported, form by form, from results whose numbers are chosen."""

import json

import numpy as np
import pytest
import torch
from huggingface_hub import DatasetCard
from PIL import Image
from pyarrow import parquet

from data.folder import Folder
from data.masks import mask_of
from data.rle import encode
from eval.jpeg import through_jpeg
from experiments.export.command import FORMS
from experiments.export.hub_card import AGAIN
from experiments.export.pnpinversion import SIDE, write_pnpinversion
from experiments.score.pictures import pictures_of
from experiments.store.atomic import whole_folder, write_lines
from experiments.store.cell import Cell, read_cells
from experiments.store.result_set import ResultSet
from pti.errors import InputError
from tests.unit.synthetic import KEYS, psnrs, write_cell, write_table2

PSNR = "psnr[0,1]"


def noise(seed, side=SIDE):
    """Squares of 8 pixels."""
    shape = (side // 8, side // 8, 3)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    return Image.fromarray(pixels.repeat(8, 0).repeat(8, 1))


def result_set(results, name="table2"):
    return ResultSet.read(results / name / "scenes-scenes")


def change_records(cell, **fields):
    records = Cell.read(cell).records.values()
    write_lines(cell / "records.jsonl", [record.written() | fields for record in records])


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
def edited(tmp_path):
    """Two cells of two items at their side; the second cell has not done the second item."""
    values = dict.fromkeys(KEYS[:2], 20.0)
    values_of = {"pti": values, "ddim_edit": values | {KEYS[1]: "it failed"}}
    for method, some in values_of.items():
        cell = write_cell(tmp_path, "single", method, some, cell=method)
        change_records(cell, tags=["two", "3 add object"], target="a blue star")
        for seed, path in enumerate(sorted((cell / "images").iterdir())):
            noise(seed + len(method)).save(path)
    shared = tmp_path / "single/scenes-scenes"
    for seed, path in enumerate(sorted((shared / "inputs").iterdir())):
        noise(seed).save(path)
    (shared / "regions").mkdir()
    region = Image.new("RGB", (SIDE, SIDE))
    region.paste((255, 255, 255), (3, 1, 7, 3))
    region.save(shared / "regions" / f"{KEYS[0]}.png")
    return tmp_path


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_pnpinversion_gets_the_items_that_all_cells_have_done(edited, out):
    said = write_pnpinversion(result_set(edited, "single"), out, out)
    (mapped,) = json.loads((out / "data/mapping_file.json").read_text()).items()
    assert mapped == (
        KEYS[0],
        {
            "image_path": f"{KEYS[0]}.jpg",
            "original_prompt": "a red star on grass",
            "editing_prompt": "a blue star",
            "editing_instruction": "",
            "editing_type_id": "3",
            "blended_word": "",
            "mask": [SIDE + 3, 4, 2 * SIDE + 3, 4],
        },
    )
    shared = edited / "single/scenes-scenes"
    for copy, source in (
        ("data/annotation_images", "inputs"),
        ("output/pti/annotation_images", "cells/pti/images"),
        ("output/ddim_edit/annotation_images", "cells/ddim_edit/images"),
    ):
        kept = pixels(shared / source / f"{KEYS[0]}.png")
        assert np.array_equal(pixels(out / copy / f"{KEYS[0]}.jpg"), kept)
    assert "wrote 1 item of 2 cells" in said
    assert "left out 1 item that not" in said
    assert "no mask" not in said
    assert f'"pti": "{out}/output/pti/annotation_images",' in said
    assert f"--annotation_mapping_file {out}/data/mapping_file.json" in said
    assert said.endswith("--tgt_methods ddim_edit pti")


def test_an_item_without_region_and_class_has_none_and_folders_stand_for_two_lines(tmp_path, out):
    key = KEYS[0]
    cell = write_cell(tmp_path, "single", "pti", {key: 20.0}, cell="pti")
    named = f"a__b__{key}"
    change_records(cell, key=named)
    for path in (cell / f"images/{key}.png", cell.parents[1] / f"inputs/{key}.png"):
        noise(1).save(path.with_stem(named))
    said = write_pnpinversion(result_set(tmp_path, "single"), out, out)
    assert "\n1 item has no mask: their evaluator takes the whole picture as unedited\n" in said
    (item,) = json.loads((out / "data/mapping_file.json").read_text()).values()
    assert (item["mask"], item["editing_type_id"]) == ([], "0")
    assert (out / "data/annotation_images/a/b" / f"{key}.jpg").is_file()


def test_the_last_square_of_a_strip_is_what_metrics_compare(edited, out):
    write_pnpinversion(result_set(edited, "single"), out, out, strips=True)
    strip = pixels(out / "output/pti/annotation_images" / f"{KEYS[0]}.jpg")
    (cell,) = [
        one for one in read_cells(edited / "single/scenes-scenes") if one.folder.name == "pti"
    ]
    expected = through_jpeg(pictures_of(cell, KEYS[0]), 75)
    assert strip.shape == (SIDE, 4 * SIDE, 3)
    last = torch.from_numpy(strip[:, -SIDE:].copy()).permute(2, 0, 1)
    assert torch.equal(last, (255 * expected[0]).round().byte())
    source = pixels(out / "data/annotation_images" / f"{KEYS[0]}.jpg").astype(float)
    for panel in (1, 2):
        assert abs(strip[:, panel * SIDE : (panel + 1) * SIDE] - source).mean() < 20


def test_what_came_from_jpeg_is_not_saved_as_jpeg_again(edited, out):
    cells = edited / "single/scenes-scenes/cells"
    change_records(cells / "pti", from_jpeg=True)
    write_pnpinversion(result_set(edited, "single"), out, out, strips=True)
    forms = {}
    for method in ("pti", "ddim_edit"):
        with Image.open(out / f"output/{method}/annotation_images/{KEYS[0]}.jpg") as picture:
            forms[method] = picture.format
    assert forms == {"pti": "PNG", "ddim_edit": "JPEG"}
    kept = pixels(cells / f"pti/images/{KEYS[0]}.png")
    assert np.array_equal(pixels(out / f"output/pti/annotation_images/{KEYS[0]}.jpg"), kept)


def test_what_their_evaluator_cannot_take_is_one_sentence(edited, tmp_path):
    write_table2(tmp_path)
    with pytest.raises(InputError, match="has 16 by 16 pixels and PnPInversion's evaluator knows"):
        write_pnpinversion(result_set(tmp_path), tmp_path, tmp_path)
    cells = edited / "single/scenes-scenes/cells"
    change_records(cells / "pti", target="a green star")
    with pytest.raises(InputError, match=f"the target of {KEYS[0]} is not the same in"):
        write_pnpinversion(result_set(edited, "single"), tmp_path, tmp_path)
    change_records(cells / "pti", status="failed")
    with pytest.raises(InputError, match="no item that each of its 2 cells has done"):
        write_pnpinversion(result_set(edited, "single"), tmp_path, tmp_path)


def test_runs_of_a_mask_cover_it():
    mask = np.random.default_rng(0).random((7, 9)) < 0.5
    for one in (mask, ~mask, np.zeros_like(mask), np.ones_like(mask)):
        runs, flat = encode(one), np.zeros(one.size, bool)
        for start, length in zip(runs[::2], runs[1::2], strict=True):
            flat[start : start + length] = True
        assert np.array_equal(flat.reshape(one.shape), one)
    assert encode(np.ones((2, 3), bool)) == [0, 6]


def test_a_row_has_scores_and_what_made_it(tmp_path, out):
    write_cell(tmp_path, "table2", "pti", psnrs(26.0) | {KEYS[1]: float("inf")}, cell="pti,a=1")
    FORMS["folder"](result_set(tmp_path), out, out)
    rows = [json.loads(line) for line in (out / "metadata.jsonl").read_text().splitlines()]
    assert [row["key"] for row in rows] == list(KEYS)
    row, exact = rows[:2]
    assert row[PSNR] == pytest.approx(psnrs(26.0)[KEYS[0]])
    assert exact[PSNR] is None
    assert "not finite" not in exact
    assert (row["method"], row["weights"], row["seed"]) == ("PTI", "00", 0)
    assert (row["unet_forwards"], row["unet_backwards"]) == (400, 250)
    assert (out / row["file_name"]).is_file()
    assert (out / row["input_file_name"]).is_file()
    assert (out / "pti,a=1.yaml").is_file()


def test_a_folder_is_a_data_set_with_masks_and_types(edited, out):
    FORMS["folder"](result_set(edited, "single"), out, out)
    tasks = {task.key: task for task in Folder(str(out))}
    assert len(tasks) == 3
    with_mask, without = (tasks[f"pti__{key}.png"] for key in KEYS[:2])
    expected = np.zeros((SIDE, SIDE), bool)
    expected[1:3, 3:7] = True
    assert np.array_equal(mask_of(with_mask), expected)
    assert with_mask.region is not None
    assert without.mask is None
    assert (with_mask.caption, with_mask.target, with_mask.tags) == ("a blue star", None, ("two",))


def test_a_parquet_file_has_the_pictures_and_says_so(tmp_path, out):
    write_table2(tmp_path)
    FORMS["parquet"](result_set(tmp_path), out, out)
    table = parquet.read_table(out / "results.parquet")
    assert table.num_rows == 4 * len(KEYS)
    about = json.loads(table.schema.metadata[b"huggingface"])
    assert about["info"]["features"]["image"] == {"_type": "Image"}
    row = table.to_pylist()[0]
    assert row["image"]["path"] == f"{row['cell']}/{row['key']}.png"
    cell = tmp_path / "table2/scenes-scenes/cells" / row["cell"]
    assert row["image"]["bytes"] == (cell / f"images/{row['key']}.png").read_bytes()
    assert table.schema.field(PSNR).type == "double"


def test_a_card_tells_scores_settings_and_how_to_make_them_again(tmp_path, out):
    write_table2(tmp_path)
    said = FORMS["hub_card"](result_set(tmp_path), out, out)
    assert "data set's own pictures: publish them only where its licence allows it" in said
    card = DatasetCard.load(out / "README.md")
    assert card.data.to_dict()["configs"] == [
        {"config_name": "default", "data_files": "results.parquet"}
    ]
    assert "license" not in card.data.to_dict()
    assert "| PTI | 26.00 [" in card.text
    assert "paper (" not in card.text
    assert "Made by commit 0123456789 with uncommitted changes" in card.text
    assert "python -m experiments.run experiment=table2 " in card.text
    assert "give again" not in card.text
    assert {path.suffix for path in out.iterdir()} == {".md", ".parquet", ".yaml"}


def test_a_card_of_what_configs_lacks_asks_for_the_commands(tmp_path, out):
    write_cell(tmp_path, "single", "pti", psnrs(26.0), cell="pti")
    FORMS["hub_card"](result_set(tmp_path, "single"), out, out)
    again = (out / "README.md").read_text().split("## To make them again\n")[1]
    assert " ".join(again.split("##")[0].split()) == " ".join(AGAIN.split())
    assert "what is missing" not in again


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    out = tmp_path / "a/out"

    def write(*names):
        with whole_folder(out) as folder:
            for name in names:
                (folder / name).touch()
                assert not out.exists()

    with pytest.raises(FileNotFoundError):
        write("half", "nowhere/file")
    assert list(out.parent.iterdir()) == []
    write("whole")
    assert [path.name for path in out.iterdir()] == ["whole"]
    assert list(out.parent.iterdir()) == [out]
