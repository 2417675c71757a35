"""One training run: where it starts, its loop, checkpoints and curve."""
