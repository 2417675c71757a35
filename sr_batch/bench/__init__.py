"""Measures exported networks on this machine: quality, parity, speed, memory and start."""
