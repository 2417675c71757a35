"""A duration that is estimated, for people."""

_MINUTE, _HOUR = 60, 3600


def rough_duration(seconds: float) -> str:
    """``5.2 s``, ``42 s``, ``7 min`` or ``1.8 h``: two or three digits, as it is an estimate."""
    if seconds < 9.95:
        return f"{round(seconds, 3):.2g} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / _MINUTE
    return f"{minutes:.0f} min" if minutes < 99.5 else f"{seconds / _HOUR:.1f} h"
