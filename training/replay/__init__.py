"""Replays of the student reports: data, training, figures and a page, by one command for each."""
