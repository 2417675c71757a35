"""One network call: ONNX Runtime sessions, execution providers and the catalog of models."""
