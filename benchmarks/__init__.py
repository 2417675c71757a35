"""Measures the whole tool, as ratios within one run: ``python -m benchmarks``."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the first import of ONNX Runtime; see sr_batch
