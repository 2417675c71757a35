"""Keys of outputs, by the same rules as the names of files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sr_batch import codec
from sr_batch.batch.inputs import Source
from sr_batch.batch.name_template import Template
from sr_batch.batch.output_paths import name_fields, split_name
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
        suffix = codec.format_of_suffix(Path(key))
        kind = suffix if self.format == "keep" else self.format
        if self.template or kind is None:
            return None
        return self.of(key, kind, {}, number)

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
        folder, slash, name = key.rpartition("/")
        stem, suffix = split_name(Path(name), kind)
        return f"{folder}{slash}{stem}{self.tag}{f'_{number}' if number > 1 else ''}{suffix}"

    @property
    def needs_size(self) -> bool:
        """Whether a name states the size of the output."""
        return bool(self.template) and Template(self.template).needs_size


def copy_of(sidecar: str, picture: str, output: str) -> str:
    """The key for the copy of ``sidecar``, which belongs to ``picture``, beside ``output``."""
    suffix = Path(sidecar).suffix
    if sidecar == picture + suffix:
        return output + suffix
    return output.removesuffix(Path(output).suffix) + suffix
