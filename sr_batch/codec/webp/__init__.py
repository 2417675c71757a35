"""WebP, still and animated: decoding, encoding and the RIFF container."""
