"""Objects in buckets and files on disk behind one interface."""
