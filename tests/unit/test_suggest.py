"""What was probably meant, and what a field takes."""

import pytest

from experiments.jobs.command_line import sentence_of
from experiments.jobs.forms import check_values
from experiments.jobs.plan import plan


def said_of(*words):
    with pytest.raises(Exception) as refused:  # noqa: PT011 (its sentence is what counts)
        check_values(plan(words)[0])
    return str(sentence_of(refused.value))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("method.invert.learning_rate=1", "method.invert.lr"),
        ("method.invert.trace.step=3", "method.invert.trace.steps"),
        ("method.invert.iters=3", "method.invert.iterations"),
        ("method.edit.treshold=3", "method.edit.mask.threshold"),
        ("method.invert.early=true", "method.invert.early_stop"),
        ("steps=4", "method.invert.trace.steps"),
        ("data.pth=x", "data.path"),
        ("cashe=x", "cache"),
        ("bs=3", "batch_size"),
        ("eta=0.9", "method.edit.eta"),
        ("metod.invert.lr=1", "method.invert.lr"),
        ("method.seed=1", "seed"),
    ],
)
def test_a_field_is_known_by_its_last_part(word, meant):
    name = word.partition("=")[0]
    assert said_of(word) == f"there is no field {name!r}. Did you mean {meant!r}?"


@pytest.mark.parametrize(
    "word",
    [
        "foo=3",
        "image=car.png",
        "threads=4",
        "method.invert.banana=1",
        "model.tiny=1",  # data.train is of another group
        "method.edit.words=x",  # workers stands elsewhere
    ],
)
def test_nothing_far_fetched_is_suggested(word):
    assert said_of(word) == f"there is no field {word.partition('=')[0]!r}."


@pytest.mark.parametrize(
    ("word", "takes"),
    [
        ("limit=two", "a whole number or null"),
        ("++limit=two", "a whole number or null"),
        ("batch_size=x", "a whole number"),
        ("workers=1.5", "a whole number"),
        ("seed=null", "a whole number"),
        ("accept_other_code=maybe", "true or false"),
        ("goal=paint", "reconstruct or edit"),
        ("name=null", "text"),
        ("method.invert.lr=fast", "a number"),
        ("method.invert.trace.timestep=middle", "destination or source"),
        ("data.tasks.size=big", "a whole number"),
    ],
)
def test_a_value_of_the_wrong_form_is_told_what_its_field_takes(word, takes):
    assert said_of(word) == f"{word} can't be: it takes {takes}"


NO_SUCH = "+metrics.pictures.mine._target_=eval.psnr.Mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["metrics=scene"], "metrics=scene is unknown. Did you mean 'scenes'?"),
        (["metrics=lpips", "metrics.pictures.lpips.net=resnet"], "it takes alex or vgg or squeeze"),
        (
            ["metrics=reconstruction", NO_SUCH],
            "mine._target_=eval.psnr.Mine can't be imported",
        ),
        (["layout@report=curve"], "layout=curve is unknown. Did you mean 'curves'?"),
        (["method.invert._target_=mine.Method"], "_target_=mine.Method can't be imported"),
    ],
)
def test_what_is_not_there_is_told(words, said):
    assert said in said_of(*words)


@pytest.mark.parametrize("group", ["method", "data", "model", "cluster"])
def test_a_group_can_t_be_empty(group):
    assert said_of(f"{group}=null").startswith(f"{group}=null: a run needs one")


def test_data_that_need_a_place_say_so():
    assert said_of("data=folder") == "data.path is not set: add data.path=... to the command"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["layout@report=heatmaps"], "layout=heatmaps is unknown. Did you mean 'heatmap'?"),
        (["layout@report=heatmap"], "layout@report=heatmap can't show 0 of report.fields"),
        (["experiment=table2", "layout@report=lines"], "it takes 1 or more"),
        (["report.tables=my.own"], "_target_=my.own can't be imported"),
    ],
)
def test_a_layout_that_can_t_be_is_told_at_the_start(words, sentence):
    assert sentence in said_of(*words)
