"""Checkpoints without weights: full-size architectures as their makers publish them, and tiny ones of the same classes.

Each is a folder of settings, as on a hub, but for the weights, which ``gpu_weights`` draws. Numbers are those of the
``config.json`` files of black-forest-labs/FLUX.1-dev, stabilityai/stable-diffusion-xl-base-1.0,
Wan-AI/Wan2.1-T2V-1.3B-Diffusers and meta-llama/Llama-3.1-8B.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Settings = dict[str, Any]
Checkpoint = dict[str, tuple[str, str, Settings]]
"""Part of a pipeline to the library and the class that it is of, and its settings."""

TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"
WORDS = ("[PAD]", "[UNK]", "[END]", "the", "tide", "rises", "over", "sea", "and", "falls", "by", "moon")
"""Of the tokenizer, which is much smaller than the vocabulary: which tokens are read changes no time."""

_CLIP = {
    "architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "vocab_size": 49408, "hidden_size": 768,
    "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12, "max_position_embeddings": 77,
    "projection_dim": 768, "hidden_act": "quick_gelu", "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
}  # fmt: skip
_BIG_CLIP = _CLIP | {
    "architectures": ["CLIPTextModelWithProjection"], "hidden_size": 1280, "intermediate_size": 5120,
    "num_hidden_layers": 32, "num_attention_heads": 20, "projection_dim": 1280, "hidden_act": "gelu",
}  # fmt: skip
_T5 = {
    "architectures": ["T5EncoderModel"], "model_type": "t5", "vocab_size": 32128, "d_model": 4096, "d_ff": 10240,
    "d_kv": 64, "num_heads": 64, "num_layers": 24, "feed_forward_proj": "gated-gelu", "decoder_start_token_id": 0,
    "pad_token_id": 0, "eos_token_id": 2,
}  # fmt: skip
_UMT5 = _T5 | {"architectures": ["UMT5EncoderModel"], "model_type": "umt5", "vocab_size": 256384}
_VAE = {
    "block_out_channels": [128, 256, 512, 512], "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4, "layers_per_block": 2, "sample_size": 1024, "force_upcast": True,
}  # fmt: skip

FLUX: Checkpoint = {
    "scheduler": ("diffusers", "FlowMatchEulerDiscreteScheduler", {"shift": 3.0, "use_dynamic_shifting": True}),
    "text_encoder": ("transformers", "CLIPTextModel", _CLIP),
    "text_encoder_2": ("transformers", "T5EncoderModel", _T5),
    "tokenizer": ("transformers", "PreTrainedTokenizerFast", {"length": 77}),
    "tokenizer_2": ("transformers", "PreTrainedTokenizerFast", {"length": 512}),
    "transformer": ("diffusers", "FluxTransformer2DModel", {
        "attention_head_dim": 128, "guidance_embeds": True, "in_channels": 64, "joint_attention_dim": 4096,
        "num_attention_heads": 24, "num_layers": 19, "num_single_layers": 38, "patch_size": 1,
        "pooled_projection_dim": 768,
    }),
    "vae": ("diffusers", "AutoencoderKL", _VAE | {
        "latent_channels": 16, "scaling_factor": 0.3611, "shift_factor": 0.1159, "use_quant_conv": False,
        "use_post_quant_conv": False,
    }),
}  # fmt: skip

SDXL: Checkpoint = {
    "scheduler": ("diffusers", "EulerDiscreteScheduler", {
        "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "timestep_spacing": "leading",
        "steps_offset": 1,
    }),
    "text_encoder": ("transformers", "CLIPTextModel", _CLIP),
    "text_encoder_2": ("transformers", "CLIPTextModelWithProjection", _BIG_CLIP),
    "tokenizer": ("transformers", "PreTrainedTokenizerFast", {"length": 77}),
    "tokenizer_2": ("transformers", "PreTrainedTokenizerFast", {"length": 77}),
    "unet": ("diffusers", "UNet2DConditionModel", {
        "addition_embed_type": "text_time", "addition_time_embed_dim": 256, "attention_head_dim": [5, 10, 20],
        "block_out_channels": [320, 640, 1280], "cross_attention_dim": 2048, "layers_per_block": 2,
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "projection_class_embeddings_input_dim": 2816, "sample_size": 128, "use_linear_projection": True,
        "transformer_layers_per_block": [1, 2, 10],
    }),
    "vae": ("diffusers", "AutoencoderKL", _VAE | {"latent_channels": 4, "scaling_factor": 0.13025}),
}  # fmt: skip

WAN: Checkpoint = {
    "scheduler": ("diffusers", "UniPCMultistepScheduler", {
        "prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0, "num_train_timesteps": 1000,
    }),
    "text_encoder": ("transformers", "UMT5EncoderModel", _UMT5),
    "tokenizer": ("transformers", "PreTrainedTokenizerFast", {"length": 512}),
    "transformer": ("diffusers", "WanTransformer3DModel", {
        "attention_head_dim": 128, "cross_attn_norm": True, "ffn_dim": 8960, "freq_dim": 256, "in_channels": 16,
        "num_attention_heads": 12, "num_layers": 30, "out_channels": 16, "patch_size": [1, 2, 2],
        "qk_norm": "rms_norm_across_heads", "rope_max_seq_len": 1024, "text_dim": 4096,
    }),
    "vae": ("diffusers", "AutoencoderKLWan", {
        "base_dim": 96, "z_dim": 16, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2,
        "temperal_downsample": [False, True, True],
    }),
}  # fmt: skip

LLAMA: Settings = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 128256, "hidden_size": 4096,
    "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
    "max_position_embeddings": 131072, "rope_theta": 500000.0, "rms_norm_eps": 1e-5, "hidden_act": "silu",
    "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": None, "pad_token_id": 0,
}  # fmt: skip

_SMALL = {
    "text_encoder": {"hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4,
                     "projection_dim": 32, "vocab_size": 20},
    "t5": {"vocab_size": 20, "d_model": 32, "d_kv": 8, "d_ff": 37, "num_layers": 2, "num_heads": 4},
    "vae": {"block_out_channels": [8, 8], "layers_per_block": 1, "norm_num_groups": 4, "sample_size": 32,
            "down_block_types": ["DownEncoderBlock2D"] * 2, "up_block_types": ["UpDecoderBlock2D"] * 2},
}  # fmt: skip
_TINY: dict[str, dict[str, Settings]] = {
    "flux": {
        "text_encoder": _SMALL["text_encoder"], "text_encoder_2": _SMALL["t5"],
        "transformer": {"in_channels": 4, "num_layers": 1, "num_single_layers": 1, "attention_head_dim": 16,
                        "num_attention_heads": 2, "joint_attention_dim": 32, "pooled_projection_dim": 32,
                        "axes_dims_rope": [4, 4, 8]},
        "vae": _SMALL["vae"] | {"latent_channels": 1},
    },
    "sdxl": {
        "text_encoder": _SMALL["text_encoder"], "text_encoder_2": _SMALL["text_encoder"],
        "unet": {"block_out_channels": [16, 32], "layers_per_block": 1, "sample_size": 32, "norm_num_groups": 8,
                 "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"], "cross_attention_dim": 64,
                 "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"], "attention_head_dim": [2, 4],
                 "addition_time_embed_dim": 8, "transformer_layers_per_block": [1, 1],
                 "projection_class_embeddings_input_dim": 80},
        "vae": _SMALL["vae"],
    },
    "wan": {
        "text_encoder": _SMALL["t5"],
        "transformer": {"num_attention_heads": 2, "attention_head_dim": 12, "text_dim": 32, "ffn_dim": 32,
                        "num_layers": 1, "rope_max_seq_len": 32},
        "vae": {"base_dim": 3, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1},
    },
}  # fmt: skip
_TINY_LLAMA: Settings = {
    "vocab_size": 32, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 512,
}  # fmt: skip


def write_pipeline(name: str, folder: Path, *, tiny: bool) -> None:
    """Write the settings of ``flux``, ``sdxl`` or ``wan``, without weights, as a pipeline of diffusers."""
    parts = {"flux": FLUX, "sdxl": SDXL, "wan": WAN}[name]
    kind = {"flux": "FluxPipeline", "sdxl": "StableDiffusionXLPipeline", "wan": "WanPipeline"}[name]
    _write(folder / "model_index.json", {"_class_name": kind, **{part: list(of[:2]) for part, of in parts.items()}})
    for part, (_, made, settings) in parts.items():
        if part.startswith("tokenizer"):
            write_tokenizer(folder / part, settings["length"])
            continue
        small = _TINY[name].get(part, {}) if tiny else {}
        file = "scheduler_config.json" if part == "scheduler" else "config.json"
        _write(folder / part / file, {"_class_name": made, **settings, **small})


def write_llama(folder: Path, *, tiny: bool) -> None:
    """Write the settings of the language model, without weights."""
    write_tokenizer(folder, 131072)
    _write(folder / "config.json", LLAMA | (_TINY_LLAMA if tiny else {}))


def write_tokenizer(folder: Path, length: int) -> None:
    """Write a tokenizer of whole words."""
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", eos_token="[END]", model_max_length=length,
        chat_template=TEMPLATE,
    ).save_pretrained(folder)  # fmt: skip


def _write(path: Path, settings: Settings) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings))
