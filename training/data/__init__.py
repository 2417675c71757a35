"""The training pictures: the corpus, its patches, and how LR is made from HR."""
