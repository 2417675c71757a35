"""What files say about a picture: EXIF, XMP, IPTC and ICC profiles, and which of it is kept."""
