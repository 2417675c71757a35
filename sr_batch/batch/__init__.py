"""A folder of pictures: decides which input becomes which output, and runs the jobs."""
