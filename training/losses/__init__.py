"""The losses that training minimizes: pixel, perceptual and adversarial ones, and their sum."""
