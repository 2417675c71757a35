"""Optimizers and mixed precision."""
