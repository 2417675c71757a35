"""Measures the whole tool, as ratios within one run: ``python -m benchmarks``."""
