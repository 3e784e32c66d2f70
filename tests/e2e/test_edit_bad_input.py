"""What ``experiments.edit`` says of input that it can't use."""

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from experiments.edit.request import configure, reweight
from pti.errors import InputError
from tests.e2e.desk import smooth

pytestmark = pytest.mark.e2e


def refused(desk, outcome, *says):
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    assert outcome.err.count("error: ") == 1
    for word in says:
        assert word in outcome.err.rpartition("error: ")[2]
    assert not desk.out.exists()
    assert not desk.sheet().exists()


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("image=", ["image=car.png"]),
        ("image=nowhere.png", ["nowhere.png", "no such file"]),
        ("prompt= ", ["prompt is empty"]),
        ("fit=stretch", ["fit=stretch", "crop, pad"]),
        ("out=picture.jpg", ["picture.jpg", ".png"]),
        ("treshold=0.3", ["treshold", "Did you mean 'threshold'?"]),
        ("data=coco", ["'data=coco' is no option"]),
        ("crop", ["'crop' is no option"]),
        ("words=zebra", ["does not contain 'zebra'"]),
        ("prompt=!!!", ["words", "give some"]),
        ("eta=many", ["method.edit.eta=many", "a number"]),
        ("method.invert.iterations=1.5", ["iterations=1.5"]),
        ("seed=x", ["seed", "x"]),
        ("method.edit.etta=1", ["Did you mean 'method.edit.eta'?"]),
        ("method=ptii", ["Did you mean 'pti'?"]),
        ("model=sd15", ["model=sd15 is unknown"]),
        ("model.path=no/such/model", ["no/such/model"]),
        ("device=gpu", ["device=gpu"]),
        ("precision=fp8", ["precision", "fp8"]),
        ("method.invert.omega=0.0", ["nothing to tune"]),
    ],
)
def test_bad_input_is_one_sentence(desk, word, says):
    refused(desk, desk.edit(word), *says)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["method=copy"], ["method=copy edits no picture"]),
        (["method=retrieve"], ["method=retrieve edits no picture"]),
        (["method=nti"], ["method=nti only reconstructs"]),
        (["method=vae"], ["method=vae only reconstructs"]),
        (["method=ddim_edit", "eta=0.5"], ["method", "'method.edit.eta'"]),
        (["method=ddim_global", "threshold=0.5"], ["'method.edit.mask.threshold'"]),
        (["method=ddim_global", "omega=1e30"], ["not finite"]),
        (["method=diffedit"], ["method=diffedit", 'add caption="..."']),
        (["method.invert.trace.omega=1.0"], ["method=pti", 'add caption="..."']),
        (["inversion=edict"], ["method=pti has its own inversion", "a pair, such as p2p"]),
        (["reweight=ring:2"], ["method=pti can't re-weight words"]),
    ],
)
def test_what_a_method_cannot_do_is_told(desk, words, says):
    refused(desk, desk.edit(*words), *says)


@pytest.mark.parametrize(
    "method",
    ["bdia", "belm", "direct", "edict", "edit_friendly", "fpi", "cycle_diffusion", "eta_inversion"],
)
def test_a_method_that_reads_the_caption_asks_for_one(method):
    with pytest.raises(InputError, match=f"method={method} must know what the picture shows now"):
        configure({"method": method, "caption": ""})
    assert configure({"method": method, "caption": "a star"}).method.name == method


def test_weights_of_words_are_read_or_refused():
    cfg = OmegaConf.create({"method": {"name": "p2p", "edit": {"control": {"reweight": None}}}})
    reweight(cfg, "blue: 2, the Böhme's sky:-0.5")
    assert cfg.method.edit.control.reweight == {"blue": 2, "the Böhme's sky": -0.5}
    for wrong in ("blue", "blue:", "blue:much", ":2", "blue:nan", "blue:2,"):
        with pytest.raises(InputError, match=r"can't be read: write words and their weights"):
            reweight(cfg, wrong)


def test_the_fields_of_a_pair_are_found():
    given = {"method": "p2p", "caption": "a star", "omega": "3", "threshold": "0.4"}
    cfg = configure({**given, "inversion": "edict", "reweight": "star:2"})
    target = cfg.method.edit.target
    assert (cfg.method.inversion, target.omega, target.mask.threshold) == ("edict", 3, 0.4)
    assert instantiate(cfg.method).edit.control.reweight == {"star": 2}


def test_diffedit_without_a_source_text_needs_no_caption(desk):
    assert desk.edit("method=diffedit_no_source").code == 0
    assert desk.about()["settings"]["caption"] is None


def test_a_damaged_picture_is_named(desk):
    desk.image.write_bytes(desk.image.read_bytes()[:100])
    refused(desk, desk.edit(), "in.png is damaged")


def test_the_picture_itself_is_never_overwritten(desk):
    before = desk.image.read_bytes()
    refused(desk, desk.edit(f"out={desk.image}"), "would overwrite")
    desk.put(smooth(9, 9), "in-sheet.png")
    sheet = desk.folder / "in-sheet.png"
    refused(desk, desk.edit(f"image={sheet}", f"out={desk.image}"), "would overwrite")
    assert desk.image.read_bytes() == before


def test_a_place_that_cannot_be_written_is_named_before_the_work(desk):
    desk.out.parent.write_text("a file, not a folder")
    outcome = desk.edit()
    refused(desk, outcome, "out.png can't be written", "out=...")
    assert "inverting" not in outcome.out
