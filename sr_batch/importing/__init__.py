"""Turns networks of other projects into models with this project's contract."""
