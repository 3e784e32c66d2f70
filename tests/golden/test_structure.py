"""The distance of structures against DINO's network written out by hand."""

from functools import partial

import pytest
import torch
from torch.nn.functional import conv2d, gelu, interpolate, layer_norm, linear
from torchvision.models import VisionTransformer

from eval import structure
from eval.metric import Pictures
from eval.structure import Structure, torchvision_name
from pti.errors import InputError

pytestmark = pytest.mark.golden

WIDTH, HEADS, DEPTH, PATCH = 16, 2, 3, 32
MEAN = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
DEVIATION = torch.tensor([0.229, 0.224, 0.225])[:, None, None]


@pytest.fixture(scope="module")
def tensors():
    """Random weights under DINO's names."""
    generator = torch.Generator().manual_seed(0)
    draw = partial(torch.randn, generator=generator)
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, WIDTH),
        "pos_embed": (1, 1 + (224 // PATCH) ** 2, WIDTH),
        "patch_embed.proj.weight": (WIDTH, 3, PATCH, PATCH),
        "patch_embed.proj.bias": (WIDTH,),
        "norm.weight": (WIDTH,),
        "norm.bias": (WIDTH,),
    }
    for block in range(DEPTH):
        for name, rows, columns in (
            ("attn.qkv", 3 * WIDTH, WIDTH),
            ("attn.proj", WIDTH, WIDTH),
            ("mlp.fc1", 4 * WIDTH, WIDTH),
            ("mlp.fc2", WIDTH, 4 * WIDTH),
        ):
            shapes[f"blocks.{block}.{name}.weight"] = (rows, columns)
            shapes[f"blocks.{block}.{name}.bias"] = (rows,)
        for name in ("norm1", "norm2"):
            shapes |= {f"blocks.{block}.{name}.{kind}": (WIDTH,) for kind in ("weight", "bias")}
    return {name: 0.3 * draw(shape) for name, shape in shapes.items()}


@pytest.fixture
def small(tensors, monkeypatch):
    """The metric over a small network with these weights."""
    network = VisionTransformer(224, PATCH, DEPTH, HEADS, WIDTH, 4 * WIDTH)
    network.register_module("heads", torch.nn.Identity())
    network.load_state_dict({torchvision_name(key): value for key, value in tensors.items()})
    monkeypatch.setattr(structure, "dino", lambda _: network.eval())
    monkeypatch.setattr(structure, "local_file", lambda *_: None)


def last_keys(tensors, image):
    """The keys of the last block, as facebookresearch/dino's code gives them, a head a slice."""
    norm = partial(layer_norm, normalized_shape=(WIDTH,), eps=1e-6)
    patches = conv2d(
        image[None], tensors["patch_embed.proj.weight"], tensors["patch_embed.proj.bias"], PATCH
    )
    rows = torch.cat([tensors["cls_token"][0], patches.flatten(2)[0].T]) + tensors["pos_embed"][0]
    heads = torch.empty(0)
    for block in range(DEPTH):
        of = {key.removeprefix(f"blocks.{block}."): value for key, value in tensors.items()}
        normal = norm(rows, weight=of["norm1.weight"], bias=of["norm1.bias"])
        qkv = linear(normal, of["attn.qkv.weight"], of["attn.qkv.bias"])
        queries, heads, values = qkv.reshape(len(rows), 3, HEADS, -1).permute(1, 2, 0, 3)
        weights = (queries @ heads.transpose(1, 2) / (WIDTH // HEADS) ** 0.5).softmax(-1)
        mixed = (weights @ values).transpose(0, 1).reshape(len(rows), WIDTH)
        rows = rows + linear(mixed, of["attn.proj.weight"], of["attn.proj.bias"])
        normal = norm(rows, weight=of["norm2.weight"], bias=of["norm2.bias"])
        hidden = gelu(linear(normal, of["mlp.fc1.weight"], of["mlp.fc1.bias"]))
        rows = rows + linear(hidden, of["mlp.fc2.weight"], of["mlp.fc2.bias"])
    return heads.transpose(0, 1).reshape(len(rows), WIDTH)


def similarities(rows):
    lengths = rows.norm(dim=1, keepdim=True)
    return rows @ rows.T / (lengths @ lengths.T)


@pytest.fixture
def pair():
    """Pictures of the network's own size, so that nothing is resized."""
    generator = torch.Generator().manual_seed(1)
    return torch.rand(2, 2, 3, 224, 224, generator=generator)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("levels", [1, 255])
def test_it_is_the_distance_of_the_self_similarities_of_the_last_keys(tensors, pair, levels):
    found = Structure(levels=levels)(Pictures(*pair))
    for row in range(2):
        first, second = (
            similarities(last_keys(tensors, (one[row] * levels - MEAN) / DEVIATION)) for one in pair
        )
        assert found[row].item() == pytest.approx((first - second).square().mean().item(), rel=1e-4)


@pytest.mark.usefixtures("small")
def test_a_copy_has_none_and_another_size_is_resized(pair):
    small_pair = pair[..., ::4, ::4]
    assert Structure()(Pictures(pair[0], pair[0])).tolist() == pytest.approx([0, 0], abs=1e-9)
    assert (Structure()(Pictures(*small_pair)) > 0).all()


@pytest.mark.parametrize("antialias", [True, False])
def test_the_resize_is_torchs_with_antialiasing_or_without(pair, antialias):
    large = pair[0].repeat(1, 1, 2, 2)[..., :300, :300]
    sized = interpolate(large, (224, 224), mode="bilinear", antialias=antialias)
    found = Structure(antialias=antialias).prepared(large)
    torch.testing.assert_close(found, (sized - MEAN) / DEVIATION, rtol=1e-4, atol=1e-4)


def test_ids_say_levels_resize_and_file():
    ids = [Structure(levels=255, antialias=a, jpeg=75).quantity.id for a in (True, False)]
    assert ids == [
        "structure-dino-vitb8@224[0,255,antialias,jpeg75]",
        "structure-dino-vitb8@224[0,255,jpeg75]",
    ]


def test_what_is_missing_or_of_another_network_is_told(tmp_path):
    with pytest.raises(InputError, match=r"none\.pth is missing: fetch \S+dino_vitbase8"):
        Structure(weights=str(tmp_path / "none.pth")).digest()
    torch.save({"cls_token": torch.zeros(1, 1, 4)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match=r"other\.pth holds the weights of another network"):
        Structure(weights=str(tmp_path / "other.pth")).digest()
