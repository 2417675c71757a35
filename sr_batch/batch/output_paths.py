"""Decides where outputs go and what they are called."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sr_batch import codec
from sr_batch.batch.default_folder import DefaultFolders
from sr_batch.batch.inputs import Source, is_image_name
from sr_batch.batch.name_template import Template
from sr_batch.core.errors import UsageError
from sr_batch.core.results import Failed, one_line
from sr_batch.files.reading import PIPE, is_folder

_MOST_REAL_PATHS = 100_000


class RealPaths(dict[Path, Path]):
    """Maps a path to its absolute path without symbolic links; each folder is resolved once.

    It forgets all paths when there are too many.
    """

    def __missing__(self, path: Path) -> Path:
        # os.path.islink, unlike Path.is_symlink, does not raise without permission to look.
        if path.name in ("", "..") or os.path.islink(path):  # noqa: PTH114
            real = Path(os.path.realpath(path))
        else:
            real = self[path.parent] / path.name
        if len(self) >= _MOST_REAL_PATHS:
            self.clear()
        return self.setdefault(path, real)


@dataclass(frozen=True)
class Destination:
    """What ``-o`` and ``--format`` mean: a folder, or one file, or neither.

    Attributes:
        folder: The folder for the outputs, which keep the names of their inputs.
        file: The only output; ``PIPE`` for standard output.
        format: Format to write; ``keep`` is the input's.
    """

    folder: Path | None
    file: Path | None
    format: str


def read_destination(
    output: str | None, found: Sequence[Source | Failed], wanted: str, several: bool = False
) -> Destination:
    """Understand ``-o`` for the inputs ``found``; ``wanted`` is the ``--format``.

    Args:
        output: The ``-o``.
        found: The inputs, or the first of them.
        wanted: The ``--format``.
        several: Whether there may be other inputs.

    Raises:
        UsageError: the inputs, ``-o`` and ``--format`` do not go together, or a library that the
            format needs is missing.
    """
    destination = _destination(output, found, wanted, several)
    codec.require_encoder(destination.format)
    return destination


def _destination(
    output: str | None, found: Sequence[Source | Failed], wanted: str, several: bool
) -> Destination:
    sources = [entry for entry in found if isinstance(entry, Source)]
    piped = any(source.path == PIPE for source in sources)
    one_file = len(found) == len(sources) == 1 and sources[0].tree is None and not several
    if piped and not one_file:
        raise UsageError("- (standard input) must be the only input")
    if output is None:
        return Destination(None, PIPE if piped else None, wanted)
    if output == str(PIPE):
        if not one_file:
            raise UsageError("-o - (standard output) takes one image: give a folder with -o")
        return Destination(None, PIPE, wanted)
    if not sources and found:
        return Destination(None, None, wanted)  # each has failed, which says more than -o could
    if not one_file or _names_folder(output, piped):
        return Destination(_folder(output, piped), None, wanted)
    return Destination(None, _file(output), format_of_output(output, wanted))


def _names_folder(output: str, piped: bool) -> bool:
    """Whether ``-o`` means a folder for one input: also if it has no suffix and does not exist."""
    path = Path(output)
    if not output or output.endswith(("/", os.sep)) or is_folder(path):
        return bool(output)
    return not path.suffix and not piped and path != PIPE and not os.path.lexists(path)


def _folder(output: str, piped: bool) -> Path:
    folder, shown = Path(output), one_line(output)
    if piped:
        raise UsageError(f"-o {shown} is a folder, but standard input has no name: give a file")
    if not output or (os.path.lexists(folder) and not is_folder(folder)):
        raise UsageError(f"-o '{shown}' is not a folder, but these inputs need an output folder")
    if codec.format_of_suffix(folder) and not (output.endswith(("/", os.sep)) or is_folder(folder)):
        raise UsageError(
            f"-o {shown} names a file, and these inputs need a folder: choose another, or write"
            f" {shown}/ for a folder of that name"
        )
    return folder


def _file(output: str) -> Path:
    return Path(output) if Path(output) != PIPE else PIPE.absolute()  # "./-" is a file


def format_of_output(output: str, wanted: str) -> str:
    """The format of the file ``output``, for the ``--format`` ``wanted``.

    Raises:
        UsageError: the suffix is unknown, or states another format.
    """
    file, shown = Path(output), one_line(output)
    by_suffix = codec.format_of_suffix(file)
    if not output or (file.suffix and not by_suffix):
        known = ", ".join(codec.SUFFIXES.values())
        raise UsageError(f"-o '{shown}': the suffix decides the format, choose one of {known}")
    if by_suffix and wanted not in ("keep", by_suffix):
        raise UsageError(f"-o {shown} and --format {wanted} conflict: leave one of them out")
    return by_suffix or ("png" if wanted == "keep" else wanted)


@dataclass(frozen=True)
class OutputPath:
    """One output: its path, the output folder whose ledger records it, and its format."""

    target: Path
    root: Path
    format: str


@dataclass(frozen=True)
class OutputPaths:
    """Gives every input the path of its output.

    Attributes:
        destination: ``-o`` and ``--format``.
        defaults: Chooses the output folder of an input folder if there is no ``-o``.
        tag: Goes between stem and suffix if an output is in the folder of its input.
        template: Makes the names, instead of the usual rule.
        real: Cache of resolved paths.
    """

    destination: Destination
    defaults: DefaultFolders
    tag: str
    template: Template | None = None
    real: RealPaths = field(default_factory=RealPaths)

    def output_of(self, source: Source, kind: str, fields: Mapping[str, str]) -> OutputPath:
        """The output for ``source``.

        Args:
            source: The input.
            kind: Its format.
            fields: Values of the template fields for sizes and the network.
        """
        if self.destination.format != "keep":
            kind = self.destination.format
        if file := self.destination.file:
            return OutputPath(file, PIPE if file == PIPE else file.parent, kind)
        top = self.destination.folder or (
            self.defaults.folder_for(source.tree) if source.tree else None
        )
        if self.template:
            root = top or source.path.parent
            name = self.template.fill({**name_fields(source, kind), **fields})
            return OutputPath(root / name, root, kind)
        folder = top / source.relative.parent if top else source.path.parent
        beside = self.real[folder] == self.real[source.path.parent]
        file_name = _output_name(source.path, kind, self.tag if beside else "")
        return OutputPath(folder / file_name, top or folder, kind)

    def contain(self, source: Source) -> bool:
        """Whether ``source`` is in an output folder that is itself inside the input folder."""
        if not self.destination.folder or not source.tree:
            return False
        top, tree = self.real[self.destination.folder], self.real[source.tree]
        inside = top != tree and top.is_relative_to(tree)
        return inside and self.real[source.path].is_relative_to(top)


def _output_name(source: Path, kind: str, tag: str) -> str:
    stem, suffix = split_name(source, kind)
    return stem + tag + suffix


def name_fields(source: Source, kind: str) -> dict[str, str]:
    """Values of the template fields for the name of ``source``."""
    stem, suffix = split_name(source.path, kind)
    return {
        "stem": stem,
        "ext": suffix,
        "input_ext": source.path.suffix.removeprefix("."),
        "reldir": source.relative.parent.as_posix(),
    }


def split_name(source: Path, kind: str) -> tuple[str, str]:
    """The stem of ``source``, and the suffix for an output of ``kind``: its own if that fits."""
    stem = source.stem if is_image_name(source) else source.name
    fits = codec.format_of_suffix(source) == kind
    return stem, source.suffix if fits else codec.SUFFIXES[kind]
