"""Smaller number formats: int8 with training that rounds, equalized channels, fp16."""
