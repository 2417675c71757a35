"""GIF: decoding, and encoding with palettes that stay steady from frame to frame."""
