"""Says which options take another network than a run does."""

from sr_batch.core.options import AUTO, REAL, UpscaleOptions
from sr_batch.inference.network_blend import parts_of_blend


def way_to(wanted: str, options: UpscaleOptions) -> str:
    """What to change about ``options``, so that a run takes ``wanted``: ``give --model edsr``.

    Args:
        wanted: Name of a network or of a blend, or ``auto``.
        options: Of a run that takes another one.
    """
    model, strength = parts_of_blend(wanted)
    has_model = options.model == model or (strength and (options.model, model) == (AUTO, REAL))
    changes = [] if has_model else [f"--model {model}"]
    if strength:
        changes.append(f"--strength {strength}")
    given = f"give {' '.join(changes)}" if changes else ""
    left = "leave out --strength" if options.strength is not None and not strength else ""
    return " and ".join(filter(None, (left, given)))
