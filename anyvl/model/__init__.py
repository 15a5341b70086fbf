"""The networks: one decoder over ids of every modality, and the image tokenizer that turns pictures into ids and back."""
