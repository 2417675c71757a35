"""Keys of outputs, by the same rules as the names of files."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sr_batch import codec
from sr_batch.batch.inputs import Source, is_image_name
from sr_batch.batch.name_template import Template
from sr_batch.batch.output_paths import name_fields
from sr_batch.core.options import UpscaleOptions


@dataclass(frozen=True)
class OutputNames:
    """Gives every key the key of its output.

    Attributes:
        format: ``--format``.
        template: ``--name``.
        file: The only output, if ``-o`` names a file.
        tag: Goes between stem and suffix.
    """

    format: str
    template: str = ""
    file: str = ""
    tag: str = ""

    @staticmethod
    def of_options(options: UpscaleOptions, file: str = "", tag: str = "") -> "OutputNames":
        """Those of ``options``. ``file`` and ``tag`` as of the class."""
        return OutputNames(options.format, options.name, file, tag)

    def expected(self, key: str, number: int = 1) -> str | None:
        """The output for ``key``, from its name alone; None if that is not enough.

        The suffix may tell the wrong format, or none.
        """
        if self.file:
            return self.file
        suffix = suffix_of(key)
        kind = _format_of(suffix) if self.format == "keep" else self.format
        return None if self.template or kind is None else self._usual(key, suffix, kind, number)

    def of(self, key: str, kind: str, fields: Mapping[str, str], number: int = 1) -> str:
        """The output for ``key``.

        Args:
            key: The input.
            kind: Format of the output.
            fields: Values of the fields of a template for sizes and the network.
            number: From 2 on, goes into the name.
        """
        if self.file:
            return self.file
        if self.template:
            source = Source(Path(key), Path(key))
            return Template(self.template).fill({**name_fields(source, kind), **fields}).as_posix()
        return self._usual(key, suffix_of(key), kind, number)

    def _usual(self, key: str, suffix: str, kind: str, number: int) -> str:
        """As :func:`sr_batch.batch.output_paths.split_name`, for a million keys."""
        stem = key[: len(key) - len(suffix)] if _is_image(suffix) else key
        own = suffix if _format_of(suffix) == kind else codec.SUFFIXES[kind]
        return f"{stem}{self.tag}{f'_{number}' if number > 1 else ''}{own}"


@lru_cache(64)  # several callers ask about one key, soon after each other
def suffix_of(key: str) -> str:
    """The suffix of the name of ``key``, as of a `Path`."""
    at = key.rfind(".")
    return key[at:] if key.rfind("/") + 1 < at < len(key) - 1 else ""


@lru_cache(1024)
def _format_of(suffix: str) -> str | None:
    return codec.format_of_suffix(Path(f"x{suffix}"))


@lru_cache(1024)
def _is_image(suffix: str) -> bool:
    return is_image_name(Path(f"x{suffix}"))


def copy_of(sidecar: str, picture: str, output: str) -> str:
    """The key for the copy of ``sidecar``, which belongs to ``picture``, beside ``output``."""
    suffix = Path(sidecar).suffix
    if sidecar == picture + suffix:
        return output + suffix
    return output.removesuffix(Path(output).suffix) + suffix
