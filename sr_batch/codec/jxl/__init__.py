"""JPEG XL: its header, decoding and encoding."""
