"""Folders of results as the runner leaves them, filled with numbers that a test chooses."""

import json
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

KEYS = tuple(f"scene-{i:02d}" for i in range(16))
LAYOUTS = {
    "table1": (
        "heatmap",
        {"forward omega": "method.invert.trace.omega", "omega": "method.invert.omega"},
    ),
    "table2": ("rows", {}),
    "table3": ("lines", {"N": "method.invert.iterations", "lr": "method.invert.lr"}),
}
OMEGAS = (0.0, 1.0, 2.5, 5.0, 7.5)
CALLS = {"vae": (0, 0), "ddim": (150, 0), "nti": (400, 250), "pti": (400, 250)}


def psnrs(mean, seed=0, spread=2.0):
    """One PSNR an image, whose mean is ``mean`` exactly."""
    values = np.random.default_rng(seed).normal(size=len(KEYS))
    return dict(zip(KEYS, mean + spread * (values - values.mean()), strict=True))


def write_cell(results: Path, experiment, method, values, data="scenes", **invert):
    """One cell; ``values`` maps a key to its PSNR, or to a sentence where it failed."""
    trace = {"steps": 50, "omega": invert.pop("forward", 0.0)}
    name = ",".join([method, *(f"{k}={v}" for k, v in invert.items()), f"forward={trace['omega']}"])
    setting = results / experiment / f"scenes-{data}"
    folder = setting / "cells" / name
    (folder / "images").mkdir(parents=True)
    (setting / "inputs").mkdir(exist_ok=True)
    layout, fields = LAYOUTS.get(experiment, ("rows", {}))
    config = {
        "name": experiment,
        "cell": name,
        "method": {"name": method, "invert": {**invert, "trace": trace}},
        "model": {"name": "scenes"},
        "data": {"name": data},
        "metrics": "reconstruction",
        "precision": "bf16",
        "seed": 0,
        "report": {"layout": layout, "fields": fields},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    shared = {key: config[key] for key in ("name", "model", "data", "precision", "seed")}
    (setting / "setting.yaml").write_text(yaml.safe_dump(shared))
    (folder / "run.json").write_text(json.dumps(RUN))
    write_items(folder, method, values)
    return folder


RUN = {
    "code": {"pti.method": "00", "pti.diffusion.ddim": "00"},
    "data": {"sha256": "fedcba9876543210", "items": []},
    "git": {"commit": "0123456789abcdef", "changed": True},
    "versions": {"torch": "2.15.0"},
    "machine": {"processor": "Some Processor", "gpu": None},
}


def write_items(folder, method, values):
    """Records, scores and pictures of a cell."""
    records, scores = [], []
    forward, backward = CALLS.get(method, (0, 0))
    for key, value in values.items():
        failed = isinstance(value, str)
        records.append(
            {
                "key": key,
                "status": "failed" if failed else "done",
                "caption": "a red star on grass",
                "target": "a red star on grass",
                "error": value if failed else None,
                "image": None if failed else f"images/{key}.png",
                "target_class": None,
                "calls": {"tune.forward": forward, "tune.backward": backward},
                "seconds": None if failed else 0.5,
            }
        )
        if not failed:
            mse = 10 ** (-value / 10)
            scores.append(
                {"key": key, "suite": "00", "psnr[0,1]": value, "mse[0,1]": mse}
                | {"ssim[0,1]": value / 40}
            )
            write_picture(folder / "images" / f"{key}.png", key, np.sqrt(mse))
        write_picture(folder.parents[1] / "inputs" / f"{key}.png", key, 0.0)
    for file, lines in (("records.jsonl", records), ("scores.jsonl", scores)):
        (folder / file).write_text("".join(json.dumps(line) + "\n" for line in lines))


def write_picture(path, key, noise):
    """A smooth picture, with noise of the given deviation."""
    generator = np.random.default_rng(KEYS.index(key))
    steps = np.linspace(0, 3, 16)
    waves = np.sin(generator.uniform(0, 2, 3) * steps[:, None, None] + steps[None, :, None])
    pixels = (
        0.5 + 0.35 * waves + np.nan_to_num(noise, posinf=0) * generator.normal(size=waves.shape)
    )
    Image.fromarray((pixels.clip(0, 1) * 255).astype(np.uint8)).save(path)


def write_table2(results, data="scenes", **means):
    """AE, DDIM, NTI and PTI, with the means given or those of a good run."""
    means = {"vae": 30.0, "ddim": 14.0, "nti": 24.0, "pti": 26.0} | means
    for seed, (method, mean) in enumerate(means.items()):
        write_cell(results, "table2", method, psnrs(mean, seed), data)


def write_table1(results):
    """PSNR falls with the distance from the diagonal, and along it."""
    for forward in OMEGAS:
        for omega in OMEGAS:
            mean = 30 - forward - 1.5 * abs(forward - omega)
            seed = int(10 * forward + omega)
            write_cell(
                results, "table1", "ddim", psnrs(mean, seed, 0.5), forward=forward, omega=omega
            )


def write_table3(results, counts=(1, 2, 3, 4, 5)):
    """PTI is 2 dB better than NTI throughout; both rise with N and with lr."""
    for method, extra in (("nti", 0), ("pti", 2)):
        for iterations in counts:
            for lr in (0.01, 0.1):
                mean = 18 + extra + iterations + 3 * (lr == 0.1)
                values = psnrs(mean, seed=iterations)
                write_cell(results, "table3", method, values, iterations=iterations, lr=lr)
