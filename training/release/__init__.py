"""From trained weights to a released model: export, certification, model card."""
