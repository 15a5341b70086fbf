"""The default checkpoint's decoder: all tasks over 80 things in 11 colours and two styles, pictures of about 128 px.

It goes on from what `decoder_first.py` has learnt on smaller pictures.
"""

from anyvl.training.config import DecoderRun, Keeping, Schedule


def config() -> DecoderRun:
    return DecoderRun(
        start="runs/decoder_first/model",
        num_text=640,
        image_tokenizer="runs/vqgan_default/model/image_tokenizer",
        model={
            "hidden_size": 320,
            "intermediate_size": 880,
            "num_hidden_layers": 6,
            "num_attention_heads": 5,
            "num_key_value_heads": 5,
            "head_dim": 64,
            "max_position_embeddings": 1024,
        },
        mixture={
            "text_to_image": 0.35,
            "planned_image": 0.01,
            "layout_to_image": 0.04,
            "image_editing": 0.13,
            "infilling": 0.04,
            "segmentation": 0.16,
            "detection": 0.04,
            "grounding": 0.08,
            "keypoints": 0.03,
            "captioning": 0.03,
            "grounded_captioning": 0.02,
            "description": 0.02,
            "question_answering": 0.08,
            "classification": 0.02,
            "dense_prediction": 0.02,
        },
        modality_weights={"image": 3.0, "coordinate": 1.0, "text": 1.0, "control": 0.8},
        input_weight=0.15,
        schedule=Schedule(
            steps=18_000, rate=1.5e-3, matrix_rate=0.015, warmup=100, decay=0.4, final=0.02, average=0.998
        ),
        scenes=20_000,
        fresh=8,
        workers=1,
        sequences=32,
        questions=8,
        length=736,
        compile=True,
        keeping=Keeping(log_every=25, state_every=250, sheet_every=1000),
    )
