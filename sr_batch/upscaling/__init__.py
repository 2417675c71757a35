"""One picture, enlarged: the passes it takes, its tiles and the networks that compute them."""
