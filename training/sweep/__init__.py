"""Sweeps: many runs of a recipe with other values, chosen by Optuna, and a table of them."""
