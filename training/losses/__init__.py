"""What training minimizes: pixel losses, perceptual features and the adversary."""
