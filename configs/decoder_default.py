"""The default checkpoint's decoder: all tasks over 80 things in 11 colours and two styles, pictures of about 128 px.

193 million ids: 13 minutes on one H100 that found its scenes encoded (`docs/default-training.md`), some 28 hours on two cores.
`decoder_last.py` goes on from it.
"""

from anyvl.training.config import DecoderRun, Keeping, Schedule


def config() -> DecoderRun:
    return DecoderRun(
        num_text=640,
        image_tokenizer="runs/vqgan_default/model/image_tokenizer",
        model={
            "hidden_size": 448,
            "intermediate_size": 1216,
            "num_hidden_layers": 8,
            "num_attention_heads": 7,
            "num_key_value_heads": 7,
            "head_dim": 64,
            "max_position_embeddings": 1024,
        },
        mixture={
            "text_to_image": 0.34,
            "planned_image": 0.01,
            "layout_to_image": 0.04,
            "image_editing": 0.12,
            "infilling": 0.04,
            "segmentation": 0.20,
            "detection": 0.04,
            "grounding": 0.08,
            "keypoints": 0.03,
            "captioning": 0.03,
            "grounded_captioning": 0.02,
            "description": 0.02,
            "question_answering": 0.09,
            "classification": 0.02,
            "dense_prediction": 0.02,
        },
        modality_weights={"image": 3.0, "coordinate": 1.0, "text": 1.0, "control": 0.8},
        input_weight=0.15,
        schedule=Schedule(
            steps=3_350, rate=2.5e-3, matrix_rate=0.022, warmup=150, decay=0.55, final=0.02, average=0.998
        ),
        scenes=144_000,
        fresh=0,
        workers=1,
        sequences=256,
        questions=8,
        length=736,
        compile=True,
        keeping=Keeping(log_every=25, state_every=100, sheet_every=500),
    )
