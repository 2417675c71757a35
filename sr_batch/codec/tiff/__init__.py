"""TIFF: its layouts, colors and compressions, decoding and encoding."""
