"""Pipelines of diffusers with random weights, small enough for a test: one of each family that can refine."""

import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLQwenImage,
    DDIMScheduler,
    DDPMScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxImg2ImgPipeline,
    FluxTransformer2DModel,
    LDMSuperResolutionPipeline,
    QwenImageImg2ImgPipeline,
    QwenImageTransformer2DModel,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionPipeline,
    StableDiffusionUpscalePipeline,
    StableDiffusionXLImg2ImgPipeline,
    UNet2DConditionModel,
    UNet2DModel,
    VQModel,
)
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    T5Config,
    T5EncoderModel,
)

_LENGTH = 16


def quiet(pipeline: Any) -> Any:
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def image_to_image() -> Any:
    return quiet(StableDiffusionImg2ImgPipeline(**_stable_diffusion()))


def text_to_image() -> Any:
    return quiet(StableDiffusionPipeline(**_stable_diffusion()))


def upscaler() -> Any:
    return quiet(
        StableDiffusionUpscalePipeline(
            vae=_vae(),
            text_encoder=_clip(CLIPTextModel),
            tokenizer=_clip_tokenizer(),
            unet=_unet(7, 32, num_class_embeds=1000),
            low_res_scheduler=DDPMScheduler(),
            scheduler=_ddim(prediction_type="v_prediction"),
            max_noise_level=350,
        )
    )


def large_image_to_image() -> Any:
    conditions = {"addition_embed_type": "text_time", "addition_time_embed_dim": 8}
    unet = _unet(4, 64, projection_class_embeddings_input_dim=72, transformer_layers_per_block=(1, 1), **conditions)
    return quiet(
        StableDiffusionXLImg2ImgPipeline(
            vae=_vae(),
            text_encoder=_clip(CLIPTextModel),
            text_encoder_2=_clip(CLIPTextModelWithProjection),
            tokenizer=_clip_tokenizer(),
            tokenizer_2=_clip_tokenizer(),
            unet=unet,
            scheduler=EulerDiscreteScheduler(),
            requires_aesthetics_score=True,
        )
    )


def flux_image_to_image() -> Any:
    words = Tokenizer(models.WordLevel({"<pad>": 0, "</s>": 1, "<unk>": 2, "a": 3, "fox": 4}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 4, 8),
    )
    return quiet(
        FluxImg2ImgPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(),
            vae=_vae(),
            text_encoder=_clip(CLIPTextModel),
            tokenizer=_clip_tokenizer(),
            text_encoder_2=T5EncoderModel(
                T5Config(vocab_size=100, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4)
            ),
            tokenizer_2=PreTrainedTokenizerFast(
                tokenizer_object=words,
                pad_token="<pad>",
                eos_token="</s>",
                unk_token="<unk>",
                model_max_length=_LENGTH,
            ),
            transformer=transformer.eval(),
        )
    )


def qwen_image_to_image() -> Any:
    letters = ("<pad>", *sorted(pre_tokenizers.ByteLevel.alphabet()))
    words = Tokenizer(models.BPE({letter: number for number, letter in enumerate(letters)}, []))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1e6}
    known = {"vocab_size": len(letters), "bos_token_id": 0, "eos_token_id": 0, "rope_parameters": rope}
    config = Qwen2_5_VLConfig(
        text_config={**sizes, **known, "num_hidden_layers": 2, "num_key_value_heads": 2},
        vision_config={"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16},
    )
    transformer = QwenImageTransformer2DModel(
        patch_size=2,
        in_channels=16,
        out_channels=4,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        axes_dims_rope=(8, 4, 4),
    )
    vae = AutoencoderKLQwenImage(
        base_dim=8,
        z_dim=4,
        dim_mult=[1, 2, 4],
        num_res_blocks=1,
        temperal_downsample=[False, True],
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    )
    return quiet(
        QwenImageImg2ImgPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(),
            vae=vae.eval(),
            text_encoder=Qwen2_5_VLForConditionalGeneration(config).eval(),
            tokenizer=PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", padding_side="right"),
            transformer=transformer.eval(),
        )
    )


def latent_super_resolution() -> Any:
    two = {"block_out_channels": [8, 16], "norm_num_groups": 4}
    vqvae = VQModel(
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=3,
        num_vq_embeddings=16,
        **two,
    )
    unet = UNet2DModel(
        layers_per_block=1,
        in_channels=6,
        out_channels=3,
        down_block_types=("DownBlock2D",) * 2,
        up_block_types=("UpBlock2D",) * 2,
        **two,
    )
    return quiet(LDMSuperResolutionPipeline(vqvae=vqvae.eval(), unet=unet.eval(), scheduler=_ddim()))


FAMILIES = (
    image_to_image,
    upscaler,
    large_image_to_image,
    flux_image_to_image,
    qwen_image_to_image,
    latent_super_resolution,
)


def _stable_diffusion() -> dict[str, Any]:
    return {
        "vae": _vae(),
        "text_encoder": _clip(CLIPTextModel),
        "tokenizer": _clip_tokenizer(),
        "unet": _unet(4, 32),
        "scheduler": _ddim(),
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }


def _ddim(**settings: Any) -> DDIMScheduler:
    return DDIMScheduler(steps_offset=1, clip_sample=False, **settings)


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=4,
        shift_factor=0.1,
    ).eval()


def _unet(channels: int, words: int, **settings: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        sample_size=16,
        in_channels=channels,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=words,
        attention_head_dim=4,
        norm_num_groups=4,
        **settings,
    ).eval()


def _clip(kind: type[torch.nn.Module]) -> Any:
    config = CLIPTextConfig(
        vocab_size=8,
        hidden_size=32,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=2,
        projection_dim=32,
        max_position_embeddings=_LENGTH,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
        hidden_act="gelu",
    )
    return kind(config).eval()


def _clip_tokenizer() -> CLIPTokenizer:
    ids = ("<|startoftext|>", "<|endoftext|>", "a</w>", "fox</w>", "a", "f", "o", "x")
    with tempfile.TemporaryDirectory() as folder:
        vocabulary, merges = Path(folder) / "vocab.json", Path(folder) / "merges.txt"
        vocabulary.write_text(json.dumps({word: number for number, word in enumerate(ids)}))
        merges.write_text("#version: 0.2\n")
        end = "<|endoftext|>"
        return CLIPTokenizer(str(vocabulary), str(merges), unk_token=end, pad_token=end, model_max_length=_LENGTH)
