"""Runs over stores: inputs and outputs in buckets, on one machine or on many."""
