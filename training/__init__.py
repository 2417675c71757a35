"""Train, measure and export the networks that ``sr_batch`` runs. Works in a checkout only."""
