"""AVIF and HEIC: the HEIF container they share, decoding and encoding."""
