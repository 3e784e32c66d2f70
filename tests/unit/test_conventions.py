"""What a folder's scheduler says of steps: followed, completed, or refused."""

import pytest
import torch

from baselines.belm import Belm
from pti.diffusion.conventions import missing_conventions
from pti.diffusion.trace import Levels
from pti.errors import InputError
from tests.tiny_world import change, load

EULER = {"_class_name": "EulerDiscreteScheduler", "set_alpha_to_one": None, "steps_offset": None}
PNDM = {"_class_name": "PNDMScheduler", "skip_prk_steps": True}


BOTH = ("set_alpha_to_one=False", "steps_offset=1")


@pytest.mark.parametrize(
    ("fields", "conventions", "ours"),
    [
        ({}, (False, 1), ()),
        (EULER, (False, 1), BOTH),
        (EULER | {"steps_offset": 0}, (False, 0), BOTH[:1]),
        (EULER | {"_class_name": None}, (False, 1), BOTH),
        (PNDM, (False, 1), ()),
        (PNDM | {"steps_offset": None, "prediction_type": None}, (False, 1), BOTH[1:]),
        ({"set_alpha_to_one": None, "steps_offset": None}, (True, 0), ()),
    ],
)
def test_what_a_scheduler_of_another_class_does_not_say_is_stable_diffusions(
    tiny, folder, caplog, fields, conventions, ours
):
    change(folder / "scheduler/scheduler_config.json", **fields)
    plain, model = load(tiny), load(folder)
    config = model.scheduler.config
    assert (config.set_alpha_to_one, config.steps_offset) == conventions
    assert torch.equal(model.scheduler.alphas_cumprod, plain.scheduler.alphas_cumprod)
    assert model.digest.endswith("-".join(("-float32", *ours)))
    assert len(caplog.records) == bool(ours)
    assert f"{', '.join(ours)} is taken" in caplog.text or not ours


def test_spacing_and_prediction_are_those_of_the_folder(folder):
    v = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
    change(folder / "scheduler/scheduler_config.json", timestep_spacing="trailing", **v)
    schedule = load(folder).schedule(10)
    assert [step.t for step in schedule] == list(range(999, 0, -100))
    assert {step.prediction for step in schedule} == {"v_prediction"}
    assert schedule[0].alpha == pytest.approx(0, abs=1e-6)
    with pytest.raises(InputError, match="steps_offset=1 shifts timesteps that are spaced as 'lea"):
        load(folder).schedule(10, offset=1)
    with pytest.raises(InputError, match=r"Belm can't leave t=999, which has no signal"):
        Belm(Levels(10)).schedule(load(folder))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"timestep_spacing": "even"}, "timestep_spacing='even': .* leading, trailing, linspace"),
        ({"use_karras_sigmas": True}, "says use_karras_sigmas=true, which no step here does"),
        ({"thresholding": True}, "says thresholding=true, which no step here does"),
        ({"clip_sample": True}, "says clip_sample=true"),
        ({"rescale_betas_zero_snr": True}, "set prediction_type to v_prediction if"),
        ({"prediction_type": "sample"}, "prediction_type='sample': .* epsilon or v_prediction"),
    ],
)
def test_what_no_step_here_does_is_refused_by_name(folder, fields, says):
    change(folder / "scheduler/scheduler_config.json", **fields)
    with pytest.raises(InputError, match=says):
        load(folder)


def test_of_stable_diffusion_2_a_folder_must_say_what_it_predicts(folder):
    change(folder / "scheduler/scheduler_config.json", prediction_type=None)
    load(folder)
    change(folder / "unet/config.json", cross_attention_dim=1024)
    with pytest.raises(InputError, match=r"scheduler_config.json does not say prediction_type"):
        missing_conventions(folder)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (EULER | {"beta_start": None}, "EulerDiscreteScheduler and does not say beta_start"),
        (
            {"_class_name": "DDIMScheduler", "beta_end": None},
            "DDIMScheduler and does not say beta_end",
        ),
        (
            {"_class_name": "FlowMatchEulerDiscreteScheduler"}
            | dict.fromkeys(("beta_start", "beta_end", "beta_schedule")),
            "beta_start, beta_end, beta_schedule",
        ),
    ],
)
def test_a_scheduler_without_our_noise_schedule_is_refused(folder, fields, says):
    change(folder / "scheduler/scheduler_config.json", **fields)
    with pytest.raises(InputError, match=says):
        load(folder)
