"""One training run: its start, its loop, its checkpoints and its curve."""
