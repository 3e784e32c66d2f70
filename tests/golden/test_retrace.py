"""PTI and NTI: identities, call counts, and a plain transcription of the published algorithms."""

from dataclasses import replace

import pytest
import torch

from baselines.ddim import Ddim
from baselines.null_text import NullText
from pti.diffusion.guidance import Guidance
from pti.diffusion.load import assemble
from pti.diffusion.sampling import sample
from pti.diffusion.trace import Trace
from pti.prompt_tuning import PromptTuning
from tests.tiny import parts, tiny_batch, tiny_model

STEPS = 6
METHODS = [PromptTuning, NullText]


def as_published(model, batch, row, kind, settings):
    """One image by itself, with both branches at every evaluation and diffusers' DDIM step.

    PTI: the paper's Algorithm 1. NTI: Algorithm 1 of arXiv:2211.09794, whose code stops early.
    """
    scheduler = model.scheduler
    scheduler.set_timesteps(STEPS)
    one = batch.select([row])
    goals = settings.trace(model, one)
    cond, null = model.embed(one.targets), model.embed([""])
    z, embeddings = goals[:, -1], []

    def move(z, t, null, cond):
        eps_null = model.unet(z, t, null).sample
        eps = eps_null + settings.omega * (model.unet(z, t, cond).sample - eps_null)
        return scheduler.step(eps, t, z).prev_sample

    for i, t in enumerate(scheduler.timesteps):
        free = (cond if kind is PromptTuning else null).clone().requires_grad_()
        fade = 1 - i / 100 if settings.decay == "linear" else 1
        rule = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[settings.optimizer]
        optimizer = rule([free], lr=settings.lr * fade)
        for _ in range(settings.iterations):
            pair = (null, free) if kind is PromptTuning else (free, cond)
            squares = (move(z, t, *pair) - goals[:, STEPS - 1 - i]).square()
            loss = squares.mean() if settings.reduction == "mean" else squares.sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if getattr(settings, "early_stop", False) and loss.item() < 1e-5 + 2e-5 * i:
                break
        if kind is PromptTuning:
            cond = free.detach()
        else:
            null = free.detach()
        embeddings.append(free.detach())
        with torch.no_grad():
            z = move(z, t, null, cond)
    return z, torch.stack(embeddings, dim=1)


@pytest.mark.golden
@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"optimizer": "sgd", "reduction": "sum", "lr": 1e-3},
        {"optimizer": "sgd", "lr": 1.0},
        {"decay": "linear", "lr": 0.02},
    ],
)
def test_matches_the_published_algorithm(kind, fields):
    model, batch = tiny_model(), tiny_batch()
    settings = kind(trace=Trace(steps=STEPS), iterations=3, **fields)
    inversion = settings(model, batch)
    tuned = inversion.cond if kind is PromptTuning else inversion.null

    for row in range(len(batch)):
        z, embeddings = as_published(model, batch, row, kind, settings)
        torch.testing.assert_close(inversion.reconstruction[row], z[0], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(tuned[row], embeddings[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", METHODS)
def test_a_batch_equals_one_by_one(kind):
    model, batch = tiny_model(), tiny_batch()
    settings = kind(trace=Trace(steps=STEPS), iterations=3)
    together = settings(model, batch).tensors()
    for row in range(len(batch)):
        alone = settings(model, batch.select([row])).tensors()
        for name, value in together.items():
            torch.testing.assert_close(value[row], alone[name][0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize("iterations", [1, 3])
def test_no_redundant_evaluation_is_made(kind, iterations):
    model, batch = tiny_model(), tiny_batch()
    kind(trace=Trace(steps=STEPS), iterations=iterations)(model, batch)
    calls = model.calls.shared_by(len(batch))
    assert calls.forward == STEPS * (iterations + 3)
    assert calls.backward == STEPS * iterations


@pytest.mark.parametrize("kind", METHODS)
def test_sampling_with_the_tuned_embeddings_is_the_reconstruction(kind):
    model, batch = tiny_model(), tiny_batch()
    settings = kind(trace=Trace(steps=STEPS), iterations=2)
    inversion = settings(model, batch)
    guidance = Guidance(inversion.null, inversion.cond, settings.omega)
    again = sample(model, model.schedule(STEPS), inversion.path[:, -1], guidance)
    torch.testing.assert_close(again, inversion.retraced, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", METHODS)
def test_tuning_comes_closer_than_plain_sampling(kind):
    model, batch = tiny_model(), tiny_batch()
    source = model.encode(batch.images)
    plain = Ddim(Trace(steps=STEPS))(model, batch).reconstruction
    tuned = kind(trace=Trace(steps=STEPS), iterations=5, lr=0.05)(model, batch).reconstruction
    assert (
        ((tuned - source).square().flatten(1).mean(1))
        .lt((plain - source).square().flatten(1).mean(1))
        .all()
    )


@pytest.mark.parametrize("kind", METHODS)
def test_without_learning_it_is_ddim(kind):
    model, batch = tiny_model(), tiny_batch()
    frozen = kind(trace=Trace(steps=STEPS), lr=0.0)(model, batch).reconstruction
    plain = Ddim(Trace(steps=STEPS))(model, batch).reconstruction
    torch.testing.assert_close(frozen, plain, rtol=0, atol=1e-10)


def official(**fields):
    trace = Trace(steps=STEPS, omega=1.0)
    return NullText(trace=trace, iterations=10, decay="linear", early_stop=True, **fields)


def test_early_stop_is_each_images_own(monkeypatch):
    model, batch = tiny_model(), tiny_batch()
    rule, settings = NullText.done, official()
    typical = NullText(trace=settings.trace, iterations=10)(model, batch).losses.median().item()
    monkeypatch.setattr(
        NullText, "done", lambda self, i, losses: rule(self, i, losses / typical * 5e-5)
    )
    together = settings(model, batch)
    made = together.losses.isfinite().sum(dim=(1, 2))
    assert len(set(made.tolist())) > 1, "the images must stop at different iterations"
    for row in range(len(batch)):
        alone = settings(model, batch.select([row]))
        torch.testing.assert_close(
            together.reconstruction[row], alone.reconstruction[0], rtol=0, atol=1e-10
        )
        torch.testing.assert_close(together.losses[row], alone.losses[0], equal_nan=True)


@pytest.mark.golden
def test_the_official_setting_matches_its_algorithm():
    model, batch = tiny_model(), tiny_batch()
    settings = official()
    inversion = settings(model, batch)
    for row in range(len(batch)):
        z, _ = as_published(model, batch, row, NullText, settings)
        torch.testing.assert_close(inversion.reconstruction[row], z[0], rtol=1e-5, atol=1e-5)


def test_a_branch_without_weight_cannot_be_tuned():
    with pytest.raises(ValueError, match="nothing to tune"):
        PromptTuning(omega=0.0)
    with pytest.raises(ValueError, match="nothing to tune"):
        NullText(omega=1.0)


def test_bf16_stays_near_fp32():
    settings, batch = PromptTuning(trace=Trace(steps=STEPS), iterations=2), tiny_batch()
    batch = replace(batch, images=batch.images.float())
    cpu = torch.device("cpu")
    full, low = (
        settings(assemble(parts(), digest="tiny", device=cpu, precision=precision), batch)
        for precision in ("fp32", "bf16")
    )
    assert {value.dtype for value in low.tensors().values()} == {torch.float32}
    apart = (low.reconstruction - full.reconstruction).square().mean()
    assert 0 < apart < 0.02 * full.reconstruction.square().mean()


def test_only_prompt_tuning_starts_from_the_target():
    batch = replace(tiny_batch(1), targets=("a blue ring on snow",))
    for kind, prompt in ((PromptTuning, batch.targets), (NullText, batch.captions)):
        model = tiny_model()
        settings = kind(trace=Trace(steps=STEPS), lr=0.0)
        torch.testing.assert_close(settings(model, batch).cond[:, 0], model.embed(prompt))
