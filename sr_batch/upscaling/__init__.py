"""Enlarges one picture: plans the passes, cuts tiles and runs the networks on them."""
