"""Weights of PyTorch (.pth, .pt, .safetensors), exported to ONNX by the extra ``convert``.

torch is never imported by the tool itself: :mod:`convert` starts a process for each attempt.
"""
