"""Build, train, measure and export the networks that ``sr_batch`` runs. Needs a checkout."""
