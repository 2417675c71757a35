"""ncnn files (.param and .bin): read, and converted to ONNX."""
