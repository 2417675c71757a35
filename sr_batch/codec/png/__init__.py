"""PNG and animated PNG (APNG): decoding and encoding."""
