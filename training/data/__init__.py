"""Pictures to learn from: the corpus, its patches and how LR is made of HR."""
