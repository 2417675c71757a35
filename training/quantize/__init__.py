"""Smaller number formats: quantization-aware training, equalized channels, int8 and fp16."""
