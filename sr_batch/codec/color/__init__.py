"""Color spaces that files use and networks do not: CMYK, CIELAB, ICC transforms, code points."""
