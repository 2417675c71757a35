"""What the tool costs, as ratios measured within one run: ``python -m benchmarks``."""
