"""Image classification: single label, from a linear probe or a fine-tuned backbone."""

from training.engine.preprocess import evaluation_input

__all__ = ["evaluation_input"]
