"""One call of one network: ONNX Runtime sessions, execution providers, the model catalog.

It also has a reader of ncnn files.
"""
