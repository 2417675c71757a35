"""The report of runs: their curves, their pictures and their figures, on one page."""
