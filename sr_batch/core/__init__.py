"""Values that every other package shares: sizes, pictures in memory, options, errors, results."""
