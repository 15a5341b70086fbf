"""The default checkpoint's decoder: all tasks over 40 things in 9 colours at 80 px."""

from anyvl.training.config import DecoderRun, Keeping, Schedule


def config() -> DecoderRun:
    return DecoderRun(
        num_text=512,
        image_tokenizer="runs/vqgan_default/model/image_tokenizer",
        model={
            "hidden_size": 256,
            "intermediate_size": 704,
            "num_hidden_layers": 6,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 64,
            "max_position_embeddings": 768,
        },
        mixture={
            "text_to_image": 0.13,
            "planned_image": 0.03,
            "layout_to_image": 0.04,
            "image_editing": 0.12,
            "infilling": 0.06,
            "segmentation": 0.18,
            "detection": 0.06,
            "grounding": 0.10,
            "keypoints": 0.05,
            "captioning": 0.02,
            "grounded_captioning": 0.03,
            "description": 0.02,
            "question_answering": 0.10,
            "classification": 0.02,
            "dense_prediction": 0.04,
        },
        modality_weights={"image": 1.5, "coordinate": 1.0, "text": 0.4, "control": 0.8},
        schedule=Schedule(steps=6000, rate=2e-3, matrix_rate=0.02, warmup=100, decay=0.7, final=0.02),
        scenes=48_000,
        sequences=48,
        length=400,
        compile=True,
        keeping=Keeping(log_every=25, state_every=250, sheet_every=500),
    )
