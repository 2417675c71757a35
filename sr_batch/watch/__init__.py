"""The watch: enlarges every file that appears in a folder, for as long as it runs."""
