"""Model folders as they come: in shards, of other kinds, with files that say less."""

import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from huggingface_hub.utils import filter_repo_objects
from safetensors.torch import load_file, save_file

from pti.diffusion.attention import watched
from pti.diffusion.kinds import check_kind
from pti.diffusion.layers import cross_attention_layers
from pti.diffusion.layout import weight_patterns
from pti.diffusion.load import folder_digest
from pti.errors import InputError
from tests.tiny import CAPTIONS, parts, tiny_model
from tests.tiny_world import change, load


def in_shards(folder: Path, variant: str | None = None):
    for name in ("unet", "vae", "text_encoder"):
        for file in (folder / name).glob("*.safetensors"):
            file.unlink()
        parts()[name].save_pretrained(folder / name, max_shard_size="30KB", variant=variant)


@pytest.mark.parametrize("variant", [None, "fp16"])
def test_shards_are_the_model_that_they_were_cut_from(tiny, folder, variant):
    in_shards(folder, variant)
    whole, shards = load(tiny), load(folder, variant)
    for name in ("unet", "vae", "text_encoder"):
        assert len(list((folder / name).glob("*-00001-of-*.safetensors"))) == 1
        ours, theirs = getattr(shards, name).state_dict(), getattr(whole, name).state_dict()
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_the_digest_is_of_every_shard_and_of_the_index(folder):
    whole = folder_digest(folder, None)
    in_shards(folder)
    digests = {whole, folder_digest(folder, None)}
    last = sorted((folder / "unet").glob("*-of-*"))[-1]
    tensors = load_file(last)
    save_file({name: tensor + 1 for name, tensor in tensors.items()}, last)
    digests.add(folder_digest(folder, None))
    change(folder / "unet/diffusion_pytorch_model.safetensors.index.json", more=1)
    digests.add(folder_digest(folder, None))
    assert len(digests) == 4


def test_the_digest_of_whole_files_is_of_each_file_by_name(tiny):
    total = sha256()
    for name in ("scheduler", "text_encoder", "tokenizer", "unet", "vae"):
        configs = sorted([*(tiny / name).glob("*.json"), *(tiny / name).glob("*.txt")])
        weights = [path for path in (tiny / name).glob("*.safetensors") if "fp16" not in path.name]
        for path in configs + weights:
            total.update(f"{name}/{path.name}:{sha256(path.read_bytes()).hexdigest()}".encode())
    assert folder_digest(tiny, None) == total.hexdigest()


@pytest.mark.parametrize(
    ("variant", "name", "fetched"),
    [
        (None, "unet/diffusion_pytorch_model.safetensors", True),
        (None, "unet/diffusion_pytorch_model-00002-of-00003.safetensors", True),
        (None, "unet/diffusion_pytorch_model.fp16.safetensors", False),
        (None, "unet/diffusion_pytorch_model.fp16-00001-of-00003.safetensors", False),
        (None, "unet/diffusion_pytorch_model.non_ema.safetensors", False),
        (None, "text_encoder/model.safetensors", True),
        (None, "text_encoder/pytorch_model.bin", False),
        ("fp16", "unet/diffusion_pytorch_model.fp16-00001-of-00003.safetensors", True),
        ("fp16", "vae/diffusion_pytorch_model.fp16.safetensors", True),
        ("fp16", "vae/diffusion_pytorch_model-00001-of-00002.safetensors", False),
    ],
)
def test_shards_are_fetched_from_the_hub_too(variant, name, fetched):
    names = list(filter_repo_objects([name], allow_patterns=weight_patterns(variant)))
    assert names == ([name] if fetched else [])


def test_a_shard_that_is_missing_is_named(folder):
    in_shards(folder)
    sorted((folder / "vae").glob("*-of-*"))[0].unlink()
    with pytest.raises(InputError, match=r"vae lacks .*-00001-of-.*index.json lists"):
        load(folder)


def test_weights_are_never_there_twice(folder):
    parts()["unet"].save_pretrained(folder / "unet", max_shard_size="30KB")
    parts()["unet"].save_pretrained(folder / "new")
    shutil.copy(folder / "new/diffusion_pytorch_model.safetensors", folder / "unet")
    with pytest.raises(InputError, match="both hold the weights"):
        load(folder)


def test_bin_files_are_converted_by_the_command_that_is_told(folder):
    for name, stem in (("unet", "diffusion_pytorch_model"), ("text_encoder", "pytorch_model")):
        for file in (folder / name).glob("*.safetensors"):
            file.unlink()
        torch.save(parts()[name].state_dict(), folder / name / f"{stem}.bin")
    with pytest.raises(InputError, match="convert them") as refusal:
        load(folder)
    code = str(refusal.value).partition('-c "')[2].partition('"')[0]
    exec(code, {})  # noqa: S102
    assert load(Path(f"{folder}-safetensors")).embed(CAPTIONS[:1]).shape == (1, 12, 16)


@pytest.mark.parametrize("name", ["unet", "vae", "text_encoder"])
def test_weights_that_are_missing_are_never_drawn_at_random(folder, name):
    (path,) = (file for file in (folder / name).glob("*.safetensors") if "fp16" not in file.name)
    tensors = load_file(path)
    name_of_one = sorted(tensors)[0]
    del tensors[name_of_one]
    save_file(tensors, path, {"format": "pt"})
    with pytest.raises(InputError, match=f"{name} lack 1 of .* such as {name_of_one}"):
        load(folder)


TOKENIZER = "tokenizer/tokenizer_config.json"


def test_a_tokenizer_that_says_no_length_pads_as_the_text_encoder_takes(tiny, folder):
    change(folder / TOKENIZER, model_max_length=None)
    long = " ".join(CAPTIONS)
    plain, model = load(tiny), load(folder)
    for prompts in (CAPTIONS[:1], (*CAPTIONS, ""), (long,)):
        assert torch.equal(model.embed(prompts), plain.embed(prompts))
    assert model.cut_by_tokenizer(long) == plain.cut_by_tokenizer(long) != ""
    assert model.positions(long, ["ring"]) == plain.positions(long, ["ring"])
    assert model.digest.endswith("-max_length=12")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"model_max_length": 10}, "model_max_length=10, the text encoder .*=12"),
        ({"model_max_length": 77}, "model_max_length=77, the text encoder .*=12"),
        ({"pad_token": "[PAD]"}, "knows 546 tokens, the text encoder 545"),
        ({"truncation_side": "left"}, "truncation_side"),
    ],
)
def test_a_tokenizer_that_does_not_fit_is_refused(folder, fields, says):
    change(folder / TOKENIZER, **fields)
    with pytest.raises(InputError, match=says):
        load(folder)


def test_a_prompt_is_padded_with_what_the_tokenizer_says(tiny, folder):
    change(folder / TOKENIZER, pad_token="!")  # noqa: S106 (Stable Diffusion v2's)
    ours, theirs = load(folder), load(tiny)
    prompt = CAPTIONS[0]
    assert ours._padded(prompt).input_ids[-1] == ours.tokenizer.convert_tokens_to_ids("!")
    assert ours.positions(prompt, ["star"]) == theirs.positions(prompt, ["star"]) == [3]


@pytest.mark.parametrize(
    ("part", "fields", "says"),
    [
        ("unet", {"in_channels": 9}, "for inpainting .unet: in_channels=9, vae: latent_channels=4"),
        ("unet", {"in_channels": 8}, "InstructPix2Pix"),
        ("unet", {"in_channels": 5}, "depth-guided"),
        ("unet", {"in_channels": 7}, "an upscaler"),
        ("unet", {"in_channels": 3}, "parts that do not fit"),
        ("unet", {"out_channels": 8}, "predicts more than noise"),
        ("unet", {"addition_embed_type": "text_time", "cross_attention_dim": 2048}, "Diffusion XL"),
        ("unet", {"cross_attention_dim": 1024}, "cross_attention_dim=1024.*hidden_size=16"),
        ("unet", {"cross_attention_dim": [16, 8]}, "cross_attention_dim=.16, 8."),
        ("unet", {"cross_attention_dim": None}, "cross_attention_dim=1280"),
        ("unet", {"num_class_embeds": 1000}, "conditioned on classes"),
        ("unet", {"class_embed_type": "timestep"}, "conditioned on classes"),
        ("unet", {"time_cond_proj_dim": 256}, "latent consistency"),
        ("unet", {"encoder_hid_dim_type": "image_proj"}, "Kandinsky"),
        ("unet", {"mid_block_type": "UNetMidBlock2DSimpleCrossAttn"}, "attention of another form"),
        ("unet", {"transformer_layers_per_block": [1, [1, 2]]}, "unequal layers"),
        ("unet", {"sample_size": [16, 32]}, "square"),
        ("unet", {"sample_size": None}, "square"),
        ("unet", {"_class_name": "UNetSpatioTemporalConditionModel"}, "SpatioTemporal"),
        ("vae", {"latent_channels": 16}, "latent_channels=16"),
        ("vae", {"shift_factor": 0.1}, "shift_factor"),
        ("vae", {"_class_name": "AutoencoderTiny"}, "AutoencoderTiny"),
        ("text_encoder", {"hidden_size": 32}, "hidden_size=32"),
        ("text_encoder", {"model_type": "bert"}, "not CLIP's .model_type=bert"),
    ],
)
def test_a_model_of_another_kind_is_named_before_its_weights_are_read(folder, part, fields, says):
    change(folder / part / "config.json", **fields)
    with pytest.raises(InputError, match=f"{folder}: the model is .*{says}.*; supported are"):
        check_kind(folder)


def test_the_kinds_that_are_supported_pass(tiny):
    for model in (tiny, Path(__file__).parents[2] / "data/scenes/model"):
        check_kind(model)


@pytest.mark.parametrize(
    "fields",
    [
        {"mid_block_type": None},
        {"layers_per_block": [1, 2], "transformer_layers_per_block": [1, 3]},
        {"mid_block_type": "UNetMidBlock2D", "transformer_layers_per_block": 2},
    ],
)
def test_a_unet_of_other_numbers_of_layers_is_watched(fields):
    model = tiny_model()
    unet: Any = UNet2DConditionModel.from_config(dict(model.unet.config) | fields)
    model.unet = unet.double().requires_grad_(False)
    names = [name for name in unet.attn_processors if ".attn2." in name]
    assert cross_attention_layers(unet.config) == {8: len(names)}
    z = torch.zeros(1, 4, 16, 16, dtype=torch.float64)
    with watched(model, torch.eye(12).double()[None]) as watch:
        model.predict(z, 1, model.embed(CAPTIONS[:1]))
    assert watch.seen == len(names) > 0
    assert watch.maps().shape == (1, 8, 8, 12)
