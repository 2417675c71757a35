"""A number of bytes, for people."""


def rough_bytes(count: int) -> str:
    """``1.8 GB``, ``4.2 MB``, ``37 kB`` or ``512 bytes``: only nothing at all is shown as 0."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    if count >= 1e6:
        return f"{count / 1e6:.1f} MB"
    if count >= 1e3:
        return f"{count / 1e3:.0f} kB"
    return "1 byte" if count == 1 else f"{count} bytes"
