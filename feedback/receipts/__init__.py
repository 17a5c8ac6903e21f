"""Receipts: what becomes of the feedback on each prediction, from the first answer to the model."""
