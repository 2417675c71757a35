"""Pixel maths on arrays: color spaces, resampling, the color lock and quality metrics."""
