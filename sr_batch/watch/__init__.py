"""Watched folders: files that settle are enlarged, by the one engine, for as long as it runs."""
