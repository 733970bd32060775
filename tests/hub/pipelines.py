"""Diffusion pipelines of the classes that people use, as small as they go, with random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers


def tokenizer(length: int) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {"[PAD]": 0, "[UNK]": 1, "[END]": 2} | {
        word: number for number, word in enumerate(("the", "tide", "rises", "over", "sea", "calm", "mood"), 3)
    }
    made = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", eos_token="[END]", model_max_length=length
    )


def clip(projected: bool) -> Any:
    config = transformers.CLIPTextConfig(
        vocab_size=20, hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=77, projection_dim=32, bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    return (transformers.CLIPTextModelWithProjection if projected else transformers.CLIPTextModel)(config)


def t5() -> Any:
    config = transformers.T5Config(
        vocab_size=20, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4, decoder_start_token_id=0
    )
    return transformers.T5EncoderModel(config)


def vae(channels: int, **more: Any) -> Any:
    return diffusers.AutoencoderKL(
        block_out_channels=[8, 8], layers_per_block=1, norm_num_groups=4, latent_channels=channels,
        down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2, sample_size=32, **more,
    )  # fmt: skip


def save_sdxl(folder: Path) -> None:
    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(16, 32), layers_per_block=1, sample_size=32, in_channels=4, out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4), use_linear_projection=True, addition_embed_type="text_time",
        addition_time_embed_dim=8, transformer_layers_per_block=(1, 1), cross_attention_dim=64, norm_num_groups=8,
        projection_class_embeddings_input_dim=80,
    )  # fmt: skip
    scheduler = diffusers.EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    diffusers.StableDiffusionXLPipeline(
        vae=vae(4), text_encoder=clip(False), text_encoder_2=clip(True), tokenizer=tokenizer(77),
        tokenizer_2=tokenizer(77), unet=unet, scheduler=scheduler,
    ).save_pretrained(folder)  # fmt: skip


def save_flux(folder: Path) -> None:
    torch.manual_seed(0)
    transformer = diffusers.FluxTransformer2DModel(
        patch_size=1, in_channels=4, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8), guidance_embeds=True,
    )  # fmt: skip
    more = {"use_quant_conv": False, "use_post_quant_conv": False, "shift_factor": 0.06, "scaling_factor": 1.5}
    diffusers.FluxPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=vae(1, **more), text_encoder=clip(False),
        tokenizer=tokenizer(77), text_encoder_2=t5(), tokenizer_2=tokenizer(32), transformer=transformer,
    ).save_pretrained(folder)  # fmt: skip


def save_ltx(folder: Path) -> None:
    torch.manual_seed(0)
    transformer = diffusers.LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, patch_size=1, patch_size_t=1, num_attention_heads=4, attention_head_dim=8,
        cross_attention_dim=32, num_layers=1, caption_channels=32,
    )  # fmt: skip
    decoder = diffusers.AutoencoderKLLTXVideo(
        in_channels=3, out_channels=3, latent_channels=8, block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8), layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1), spatio_temporal_scaling=(True, True, False, False),
        decoder_spatio_temporal_scaling=(True, True, False, False), decoder_inject_noise=(False,) * 5,
        upsample_residual=(False,) * 4, upsample_factor=(1,) * 4, timestep_conditioning=True, patch_size=1,
        patch_size_t=1, encoder_causal=True, decoder_causal=False,
    )  # fmt: skip
    decoder.use_framewise_encoding = decoder.use_framewise_decoding = False
    diffusers.LTXPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=decoder, text_encoder=t5(),
        tokenizer=tokenizer(32), transformer=transformer,
    ).save_pretrained(folder)  # fmt: skip


def wan_denoiser(channels: int) -> Any:
    return diffusers.WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=channels, out_channels=16,
        text_dim=32, freq_dim=256, ffn_dim=32, num_layers=1, cross_attn_norm=True, qk_norm="rms_norm_across_heads",
        rope_max_seq_len=32,
    )  # fmt: skip


def wan_decoder() -> Any:
    return diffusers.AutoencoderKLWan(
        base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
    )


def wan_reader() -> Any:
    config = transformers.UMT5Config(
        vocab_size=20, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4, decoder_start_token_id=0
    )
    return transformers.UMT5EncoderModel(config)


def save_wan(folder: Path) -> None:
    torch.manual_seed(0)
    transformer, decoder = wan_denoiser(16), wan_decoder()
    diffusers.WanPipeline(
        tokenizer=tokenizer(32), text_encoder=wan_reader(), vae=decoder,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0), transformer=transformer,
    ).save_pretrained(folder)  # fmt: skip


def wan_i2v(folder: Path, **more: Any) -> None:
    """Wan that begins with a picture: 2.2 shares the work among two denoisers, or gives each frame its own time."""
    torch.manual_seed(0)
    spread = bool(more.get("expand_timesteps"))
    channels = 16 if spread else 36
    decoder = wan_decoder()
    diffusers.WanImageToVideoPipeline(
        tokenizer=tokenizer(32), text_encoder=wan_reader(), vae=decoder,
        scheduler=diffusers.UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
        transformer=wan_denoiser(channels), transformer_2=None if spread else wan_denoiser(channels), **more,
    ).save_pretrained(folder)  # fmt: skip


def save_wan22(folder: Path) -> None:
    wan_i2v(folder, boundary_ratio=0.9)


def save_wan22small(folder: Path) -> None:
    wan_i2v(folder, expand_timesteps=True)
    index = folder / "model_index.json"
    index.write_text(index.read_text().replace("WanImageToVideoPipeline", "WanPipeline"))


def chat_tokenizer() -> Any:
    """Reads the chat that Qwen-Image puts a prompt into: one token a letter."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    special = ["[PAD]", "[UNK]", "<|im_end|>"]
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    made = Tokenizer(models.WordLevel({word: at for at, word in enumerate([*special, *letters])}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", eos_token="<|im_end|>", model_max_length=2048,
    )  # fmt: skip


def save_qwen(folder: Path) -> None:
    torch.manual_seed(0)
    text = {
        "vocab_size": 30, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 2, "max_position_embeddings": 512,
        "rope_scaling": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
    }  # fmt: skip
    vision = {
        "depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16,
        "fullatt_block_indexes": [0], "window_size": 56,
    }  # fmt: skip
    config = transformers.Qwen2_5_VLConfig(text_config=text, vision_config=vision)
    decoder = diffusers.AutoencoderKLQwenImage(
        base_dim=8, z_dim=4, dim_mult=[1, 2, 4], num_res_blocks=1, temperal_downsample=[False, True],
        latents_mean=[0.0] * 4, latents_std=[1.0] * 4,
    )  # fmt: skip
    transformer = diffusers.QwenImageTransformer2DModel(
        patch_size=2, in_channels=16, out_channels=4, num_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=16, guidance_embeds=False, axes_dims_rope=(8, 4, 4),
    )  # fmt: skip
    diffusers.QwenImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=decoder, tokenizer=chat_tokenizer(),
        text_encoder=transformers.Qwen2_5_VLForConditionalGeneration(config), transformer=transformer,
    ).save_pretrained(folder)  # fmt: skip


def hunyuan_vae() -> Any:
    return diffusers.AutoencoderKLHunyuanVideo(
        in_channels=3, out_channels=3, latent_channels=4, down_block_types=("HunyuanVideoDownBlock3D",) * 4,
        up_block_types=("HunyuanVideoUpBlock3D",) * 4, block_out_channels=(8, 8, 8, 8), layers_per_block=1,
        norm_num_groups=4, scaling_factor=0.476986, spatial_compression_ratio=8, temporal_compression_ratio=4,
        mid_block_add_attention=True,
    )  # fmt: skip


def llama(tokens: int = 20) -> Any:
    return transformers.LlamaConfig(
        vocab_size=tokens, hidden_size=16, intermediate_size=37, num_hidden_layers=3, num_attention_heads=4,
        bos_token_id=0, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip


HUNYUAN_CHAT = {
    "template": "<image> sea <|end_header_id|> calm <|end_header_id|> {} mood <|end_header_id|> mood",
    "crop_start": 5, "image_emb_len": 16, "image_emb_start": 0, "image_emb_end": 16,
}  # fmt: skip
"""What HunyuanVideo puts around a prompt, in words that the tiny tokenizer knows."""


def hunyuan_words() -> Any:
    words = tokenizer(64)
    words.add_tokens(["<image>", "<|end_header_id|>"], special_tokens=True)
    return words


def save_hunyuan(folder: Path) -> None:
    torch.manual_seed(0)
    transformer = diffusers.HunyuanVideoTransformer3DModel(
        in_channels=4, out_channels=4, num_attention_heads=2, attention_head_dim=10, num_layers=1, num_single_layers=1,
        num_refiner_layers=1, patch_size=2, patch_size_t=1, guidance_embeds=True, text_embed_dim=16,
        pooled_projection_dim=32, rope_axes_dim=(2, 4, 4), image_condition_type="token_replace",
    )  # fmt: skip
    words = hunyuan_words()
    seeing = transformers.CLIPVisionConfig(
        hidden_size=16, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=8
    )
    config = transformers.LlavaConfig(
        vision_config=seeing, text_config=llama(), image_token_index=words.convert_tokens_to_ids("<image>"),
        pad_token_id=0, vision_feature_layer=-2, vision_feature_select_strategy="default",
    )  # fmt: skip
    looking = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    diffusers.HunyuanVideoImageToVideoPipeline(
        text_encoder=transformers.LlavaForConditionalGeneration(config), tokenizer=words, transformer=transformer,
        vae=hunyuan_vae(), scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0), text_encoder_2=clip(False),
        tokenizer_2=tokenizer(77), image_processor=looking,
    ).save_pretrained(folder)  # fmt: skip


def save_framepack(folder: Path) -> None:
    torch.manual_seed(0)
    transformer = diffusers.HunyuanVideoFramepackTransformer3DModel(
        in_channels=4, out_channels=4, num_attention_heads=2, attention_head_dim=10, num_layers=1, num_single_layers=1,
        num_refiner_layers=1, patch_size=2, patch_size_t=1, guidance_embeds=True, text_embed_dim=16,
        pooled_projection_dim=32, rope_axes_dim=(2, 4, 4), image_condition_type=None, has_image_proj=True,
        image_proj_dim=16, has_clean_x_embedder=True,
    )  # fmt: skip
    seeing = transformers.SiglipVisionConfig(
        hidden_size=16, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=8
    )
    diffusers.HunyuanVideoFramepackPipeline(
        text_encoder=transformers.LlamaModel(llama()), tokenizer=tokenizer(64), transformer=transformer,
        vae=hunyuan_vae(), scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0), text_encoder_2=clip(False),
        tokenizer_2=tokenizer(77), image_encoder=transformers.SiglipVisionModel(seeing),
        feature_extractor=transformers.SiglipImageProcessorPil(size={"height": 32, "width": 32}),
    ).save_pretrained(folder)  # fmt: skip


def scatter_framepack(models: Path) -> None:
    """FramePack as it is published: a transformer, what sees the picture, and the rest of a HunyuanVideo."""
    save_framepack(models / "rest")
    for name, there in (("transformer", "pack"), ("image_encoder", "seen/eye"), ("feature_extractor", "seen/look")):
        (models / there).parent.mkdir(exist_ok=True)
        (models / "rest" / name).rename(models / there)
    index = json.loads((models / "rest/model_index.json").read_text())
    for name in ("image_encoder", "feature_extractor"):
        del index[name]
    index["_class_name"] = "HunyuanVideoPipeline"
    index["transformer"] = ["diffusers", "HunyuanVideoTransformer3DModel"]
    (models / "rest/model_index.json").write_text(json.dumps(index))
