"""FlexIT's protocol on made pictures and random networks: what is asked for, found and reported."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import Inception3, alexnet

from data.imagenet_flexit import read_queries

pytestmark = pytest.mark.e2e


@pytest.fixture
def imagenet(tmp_path):
    """All validation picture, flat, and two training pictures of the first target classes."""
    root = tmp_path / "imagenet"
    (root / "val").mkdir(parents=True)
    pictures = [picture(seed) for seed in range(4)]
    for number, query in enumerate(read_queries()):
        (root / "val" / query.name).write_bytes(pictures[number % 4])
    wnids = {query.source: query.path.partition("/")[0] for query in read_queries()}
    targets = {query.target for query in read_queries() if query.split == "test"}
    for target in sorted(targets)[:20]:
        folder = root / "train" / wnids[target]
        folder.mkdir(parents=True)
        for number in range(2):
            (folder / f"{number}.JPEG").write_bytes(pictures[number])
    return root


def picture(seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (12, 12, 3), dtype=np.uint8)
    stream = BytesIO()
    Image.fromarray(pixels).resize((40, 36)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Torch hub's cache, with networks of random weights under the published names."""
    folder = tmp_path / "hub/checkpoints"
    folder.mkdir(parents=True)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(folder.parent))
    return folder


def put_inception(folder: Path) -> None:
    torch.manual_seed(0)
    inception: Any = Inception3(num_classes=1008, aux_logits=False, init_weights=False)
    for part in inception.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight)
    torch.save(inception.state_dict(), folder / "pt_inception-2015-12-05-6726825d.pth")


def put_alexnet(folder):
    torch.save(alexnet().state_dict(), folder / "alexnet-owt-7be5be79.pth")


def run(place, *words):
    """On the tiny model, into the folder's own results unless ``words`` say otherwise."""
    own = [word for word in place.setting() if not word.startswith("data")]
    return place.call("run", *own, *words)


@pytest.mark.long
def test_the_oracles_bound_the_curve(workplace, imagenet, hub):
    words = [
        "experiment=figure4",
        "method=ddim_global,copy,retrieve",
        "limit=4",
        "data=imagenet_flexit",
        f"data.root={imagenet}",
        "data.tasks.prompt='{label}'",
    ]
    quick = [*words[:1], "method=ddim_global", "method.invert.trace.steps=5", *words[2:]]
    setting = workplace.folder / "results/figure4/sd14-imagenet_flexit_test"
    records = setting / "cells/ddim_global/records.jsonl"
    for needed, put in (
        ("alexnet", put_alexnet),
        ("inception", put_inception),
        ("train is not set", lambda _: None),
    ):
        refused = run(workplace, *quick)
        assert refused.code == 2
        assert needed in refused.err
        assert not records.exists(), "what can't be scored is said before anything is made"
        put(hub)

    train = f"data.train={imagenet / 'train'}"
    assert run(workplace, *quick, train).code == 0

    oracles = [words[0], "method=copy,retrieve", *words[2:], train]
    assert run(workplace, *oracles).code == 0
    reported = workplace.report("experiment=figure4")
    assert reported.code == 0, reported.err
    folder = setting / "report"
    table: Any = pd.read_csv(folder / "figure4.csv").set_index(["method", "metric"])
    assert table.loc[("COPY", "lpips-alex@256"), "mean"] == 0
    assert table.loc[("RETRIEVE", "lpips-alex@256"), "mean"] > 0
    assert table.loc[("COPY", "csfid-inception@256"), "paper"] == 106.0
    assert table.loc[("RETRIEVE", "csfid-inception@256"), "paper"] == 27.2
    assert table.loc[("DDIM-Global", "csfid-inception@256"), "n"] == 1, "one class, four queries"


def test_a_missing_picture_is_a_failed_item_by_name(workplace, imagenet):
    (imagenet / "val" / next(q.name for q in read_queries() if q.split == "test")).unlink()
    words = ["method=copy", "goal=edit", "data=imagenet_flexit", f"data.root={imagenet}"]
    done = run(workplace, *words, "limit=2", "metrics=reconstruction", "cell=copy", "name=figure4")
    assert done.code == 2
    assert "1 of 2 items failed" in done.err
    assert "no such file" in done.err
