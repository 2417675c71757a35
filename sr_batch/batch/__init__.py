"""A folder of pictures: which input becomes which output, and the jobs that make them."""
