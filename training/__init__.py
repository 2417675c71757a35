"""Train, measure and export the networks that ``sr_batch`` runs. Works in a checkout only."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the first import of ONNX Runtime; see sr_batch
