"""From trained weights to released files: export, certification, recorded outputs, card."""
