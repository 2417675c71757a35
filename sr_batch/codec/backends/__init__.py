"""The libraries that decode and encode pixels: Pillow, OpenCV and OpenImageIO."""
