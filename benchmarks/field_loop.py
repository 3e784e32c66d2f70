"""How many times as many pictures Null-Text Inversion makes here as by the field's own loop.

    python -m benchmarks.field_loop [--pictures 8 --steps 50 --iterations 5 --rounds 3]

The loop is that of the public null-text code and of what is built on it: one picture at a time, in
fp32, gradients of all weights, both branches of guidance again after tuning, and the
reconstruction sampled again. Over a few steps its result is asserted to be ours. Rounds of both
alternate, in one process with one thread; the figure is the ratio of the fastest round of each.
"""

import argparse
from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from baselines.null_text import NullText
from data.images import square
from data.progress import bar
from data.scenes.benchmark import Scenes
from data.scenes.embedded import embedded
from data.tensors import to_tensor
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.trace import Trace
from pti.types import Batch

Make = Callable[[], Tensor]
"""Inverts some pictures, and gives the latents of their reconstructions."""


def pictures(count: int) -> Batch:
    """The first scenes of ``data=scenes``, to reconstruct."""
    tasks = [task for task, _ in zip(Scenes(), range(count), strict=False)]
    captions = tuple(str(task.caption) for task in tasks)
    images = torch.stack([to_tensor(square(task.open(), 64)) for task in tasks])
    return Batch(images, captions, captions, tuple(range(count)), ((),) * count)


@contextmanager
def thawed(model: LatentDiffusion) -> Generator[None]:
    """With gradients of all weights, as a pipeline has them that nobody froze."""
    model.unet.requires_grad_(True)
    try:
        yield
    finally:
        model.unet.requires_grad_(False)
        model.unet.zero_grad(set_to_none=True)


def field_loop(model: LatentDiffusion, picture: Batch, settings: NullText) -> Tensor:
    """Null-Text Inversion as the field writes it, for one picture."""
    unet, schedule = model.unet, settings.schedule(model)
    null, cond = model.embed([""]), model.embed(picture.captions)
    path = [model.encode(picture.images)]
    with torch.no_grad():
        for step in reversed(schedule):
            eps = unet(path[-1], step.t, encoder_hidden_states=null).sample
            path.append(step.renoise(path[-1], eps))
    z, tuned = path[-1], list[Tensor]()
    for index, step in enumerate(schedule):
        free = null.clone().detach().requires_grad_()
        optimizer = torch.optim.Adam([free], lr=settings.lr)
        with torch.no_grad():
            towards = unet(z, step.t, encoder_hidden_states=cond).sample
        for _ in range(settings.iterations):
            away = unet(z, step.t, encoder_hidden_states=free).sample
            landed = step.denoise(z, away + settings.omega * (towards - away))
            loss = torch.nn.functional.mse_loss(landed, path[-2 - index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        null = free.detach()
        tuned.append(null)
        z = _guided(unet, z, step, null, cond, settings.omega)
    z = path[-1]
    for step, null in zip(schedule, tuned, strict=True):
        z = _guided(unet, z, step, null, cond, settings.omega)
    return z


@torch.no_grad()
def _guided(unet: Any, z: Tensor, step: Any, null: Tensor, cond: Tensor, omega: float) -> Tensor:
    both = unet(torch.cat([z, z]), step.t, encoder_hidden_states=torch.cat([null, cond])).sample
    away, towards = both.chunk(2)
    return step.denoise(z, away + omega * (towards - away))


def check_equal(model: LatentDiffusion, batch: Batch) -> None:
    """Raise ``AssertionError`` where the loop's result is not ours, over three steps.

    Over more of them Adam turns the last bits of small gradients into whole steps.
    """
    settings = NullText(trace=Trace(steps=3), iterations=2)
    ours = settings(model, batch).reconstruction[:1]
    with thawed(model):
        theirs = field_loop(model, batch.select([0]), settings)
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def timed(make: Make) -> tuple[float, Tensor]:
    """Seconds of one call, and its result."""
    start = perf_counter()
    result = make()
    return perf_counter() - start, result


def main() -> None:
    """Measure and print the ratios; raises ``AssertionError`` where the results are not equal."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, default in (("pictures", 8), ("steps", 50), ("iterations", 5), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    torch.set_num_threads(1)
    batch = pictures(options.pictures)
    settings = NullText(trace=Trace(steps=options.steps), iterations=options.iterations)
    models = {name: embedded(device="cpu", precision=name) for name in ("fp32", "bf16")}

    def loop() -> Tensor:
        with thawed(models["fp32"]):
            return field_loop(models["fp32"], batch.select([0]), settings)

    makes: dict[str, Make] = {"the field's loop": loop}
    for name, model in models.items():
        makes[f"{name}, {len(batch)} at a time"] = lambda model=model: (
            settings(model, batch).reconstruction
        )
    seconds: dict[str, list[float]] = {name: [] for name in makes}
    check_equal(models["fp32"], batch)
    for _ in bar(range(options.rounds), desc="measure", unit="round"):
        for name, make in makes.items():
            took, made = timed(make)
            seconds[name].append(took / len(made))
    base = min(seconds["the field's loop"])
    for name, each in seconds.items():
        print(f"{name:24} {min(each):8.2f} s a picture {base / min(each):6.1f} times")  # noqa: T201


if __name__ == "__main__":
    main()
