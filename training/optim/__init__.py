"""How weights change: optimizers, learning rates, averaged weights and mixed precision."""
