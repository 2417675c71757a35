"""Safe file access: reads that cannot hang, writes that are whole or absent, small databases."""
