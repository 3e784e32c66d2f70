"""Folders of results as the runner leaves them, filled with numbers that a test chooses."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from PIL import Image

from experiments.jobs.schema import CONFIGS
from experiments.score.metric_set import MetricSet
from experiments.store.atomic import write_json, write_lines

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
CURVES = {
    "figure4": {"threshold": "method.edit.mask.threshold"},
    "figure6": {
        "eta": "method.edit.eta",
        "lr": "method.invert.lr",
        "threshold": "method.edit.mask.threshold",
    },
}
CLASSES = tuple(f"class {i}" for i in range(8))
CALLS = {"ddim": (150, 0), "nti": (400, 250), "pti": (400, 250)}
ORACLES = ("vae", "copy", "retrieve")


def layout_of(name, fields):
    """A layout as a cell's configuration has it."""
    own = yaml.safe_load((CONFIGS / f"layout/{name}.yaml").read_text())
    base, *_ = own.pop("defaults", [None])
    whole = layout_of(base, fields) if base else {"figures": {}}
    figures = {**whole["figures"], **own.get("figures", {})}
    return {**whole, **own, "figures": figures, "fields": fields}


def psnrs(mean, seed=0, spread=2.0):
    """One PSNR an image, whose mean is ``mean`` exactly."""
    values = np.random.default_rng(seed).normal(size=len(KEYS))
    return dict(zip(KEYS, mean + spread * (values - values.mean()), strict=True))


def write_cell(results: Path, experiment, method, values, data="scenes", cell=None, **invert):
    """One cell; ``values`` maps a key to its PSNR, or to a sentence where it failed.

    ``calls`` in ``invert`` are its forwards and backwards, by default those of ``CALLS``.
    """
    calls = invert.pop("calls", CALLS.get(method, (100, 0)))
    trace = {"steps": invert.pop("steps", 50), "omega": invert.pop("forward", 0.0)}
    fields = (f"{k}={v}" for k, v in invert.items())
    name = cell or ",".join([method, *fields, f"forward={trace['omega']}"])
    setting = results / experiment / f"scenes-{data}"
    folder = setting / "cells" / name
    (folder / "images").mkdir(parents=True)
    (setting / "inputs").mkdir(exist_ok=True)
    layout, swept = LAYOUTS.get(experiment, ("rows", {}))
    config = {
        "name": experiment,
        "cell": name,
        "goal": "reconstruct",
        "method": {"name": method, "invert": {**invert, "trace": trace}},
        "model": {"name": "scenes"},
        "data": {"name": data},
        "precision": "bf16",
        "seed": 0,
        "report": layout_of(layout, swept),
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    shared = {key: config[key] for key in ("name", "model", "data", "precision", "seed")}
    (setting / "setting.yaml").write_text(yaml.safe_dump(shared))
    (folder / "run.json").write_text(json.dumps(RUN))
    write_measures(folder, "reconstruction")
    write_items(folder, {} if method in ORACLES else calls_of(*calls), values)
    return folder


def calls_of(forward, backward):
    return {"tune.forward": forward, "tune.backward": backward}


BY = {"psnr[0,1]": "00", "ssim[0,1]": "00", "mse[0,1]": "00"}


def write_measures(folder, name):
    write_json(folder / "metrics.json", measures(name).written())


@cache
def measures(name):
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return MetricSet.of(compose(f"metrics/{name}").metrics).measures


RUN = {
    "weights": "00",
    "code": {"pti.method": "00", "pti.diffusion.ddim": "00"},
    "data": {"sha256": "fedcba9876543210", "items": []},
    "git": {"commit": "0123456789abcdef", "changed": True},
    "versions": {"torch": "2.15.0"},
    "machine": {"processor": "Some Processor", "gpu": None},
}


def write_items(folder, calls, values):
    """Records, scores and pictures of a cell."""
    records, scores = [], []
    for key, value in values.items():
        failed = isinstance(value, str)
        records.append(
            {
                "key": key,
                "status": "failed" if failed else "done",
                "caption": "a red star on grass",
                "target": "a red star on grass",
                "seed": 0,
                "error": value if failed else None,
                "image": None if failed else f"images/{key}.png",
                "target_class": None,
                "calls": calls,
                "spent": calls,
                "seconds": None if failed else 0.5,
            }
        )
        if not failed:
            mse = 10 ** (-value / 10)
            scores.append(
                {"key": key, "image_sha256": "", "psnr[0,1]": value, "mse[0,1]": mse}
                | {"ssim[0,1]": value / 40, "by": BY}
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


def write_edits(results, method, about, experiment="figure4", **fields):
    """A cell of edits towards 8 classes of two pictures each.

    ``about`` maps a metric to the mean of its values, which differ by a few hundredths; those of
    CSFIDs are of classes. ``fields`` are the method's, as dotted paths from ``method``.
    """
    cell = ",".join([method, *(f"{path.split('.')[-1]}={v}" for path, v in fields.items())])
    folder = write_cell(results, experiment, method, psnrs(20.0), cell=cell)
    config = OmegaConf.load(folder / "config.yaml")
    for path, value in fields.items():
        OmegaConf.update(config, f"method.{path}", value, force_add=True)
    write_measures(folder, "scenes")
    if experiment in CURVES:
        config.report = layout_of("curves", CURVES[experiment])
    OmegaConf.save(config, folder / "config.yaml")
    spread = psnrs(0.0, seed=1, spread=0.05)
    of_classes = {metric: mean for metric, mean in about.items() if metric.startswith("csfid")}
    scores = {
        key: {m: v + spread[key] for m, v in about.items() if m not in of_classes} for key in KEYS
    }
    targets = {key: {"target_class": CLASSES[i // 2]} for i, key in enumerate(KEYS)}
    for file, more in (("scores.jsonl", scores), ("records.jsonl", targets)):
        lines = map(json.loads, (folder / file).read_text().splitlines())
        write_lines(folder / file, [line | more[line["key"]] for line in lines])
    shares = psnrs(1.0, seed=2, spread=0.05)
    changes = psnrs(0.0, seed=3, spread=0.05)
    lines = [
        {
            "class": name,
            "n": 2,
            "by": "00",
            "without": {
                key: {m: mean * (shares[KEYS[i]] + changes[key]) for m, mean in of_classes.items()}
                for key in KEYS[2 * i : 2 * i + 2]
            },
        }
        | {m: mean * shares[KEYS[i]] for m, mean in of_classes.items()}
        for i, name in enumerate(CLASSES)
    ]
    write_lines(folder / "classes.jsonl", lines)
    return folder


def edits(percept, csfid, outside=21.0, truth=18.0, corrected=40.0):
    """What ``write_edits`` takes."""
    return {
        "accuracy-scenes": 0.9,
        "psnr-inside[0,1]": truth,
        "percept-inside-scenes": 4.0 - 0.1 * truth,
        "csfid-scenes": csfid,
        "csfid-corrected-scenes": corrected,
        "percept-scenes": percept,
        "psnr-outside[0,1]": outside,
    }


def write_oracles(results, experiment="figure4"):
    """COPY, which lies far above and left of any method, and RETRIEVE, far to the right."""
    write_edits(results, "copy", edits(0.0, 1939.0, np.inf, 16.74), experiment)
    write_edits(results, "retrieve", edits(5.97, 429.0, 12.23, 11.68), experiment)


def write_curves(results, count=4):
    """Methods over five thresholds, the first four being the paper's, and one without any."""
    methods = ["pti", "ddim_edit", "diffedit", "diffedit_no_source"]
    methods += [f"method {i}" for i in range(count - 5)]
    for i, method in enumerate(methods):
        for step, threshold in enumerate((0.1, 0.3, 0.5, 0.7, 0.9)):
            place = edits(
                2.6 - 0.05 * i - 0.2 * step,
                520 + 6 * i + 9 * step**2,
                21 + 0.3 * i + step,
                18 + 0.3 * step,
            )
            fields: dict[str, Any] = {"edit.mask.threshold": threshold}
            write_edits(results, method, place, **fields)
    write_edits(results, "ddim_global", edits(2.7, 513.0))
