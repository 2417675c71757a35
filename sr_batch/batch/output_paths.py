"""Where outputs go and what they are called: ``-o`` understood, names made."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sr_batch import codec
from sr_batch.batch.inputs import Source, is_image_name
from sr_batch.batch.name_template import Template
from sr_batch.core.errors import UsageError
from sr_batch.core.results import Failed, one_line
from sr_batch.files.reading import PIPE, is_folder


class RealPaths(dict[Path, Path]):
    """Path -> the absolute path without symbolic links; each folder is resolved once."""

    def __missing__(self, path: Path) -> Path:
        # os.path.islink, unlike Path.is_symlink, does not raise where it may not look.
        if path.name in ("", "..") or os.path.islink(path):  # noqa: PTH114
            real = Path(os.path.realpath(path))
        else:
            real = self[path.parent] / path.name
        return self.setdefault(path, real)


@dataclass(frozen=True)
class Output:
    """``-o`` understood: a folder, or one file, or neither.

    Attributes:
        folder: That takes the outputs, under the names of their inputs.
        file: The one output; ``PIPE`` for standard output.
        format: Container to write; ``keep`` is the input's.
    """

    folder: Path | None
    file: Path | None
    format: str


def read_output(output: str | None, found: Sequence[Source | Failed], wanted: str) -> Output:
    """Understand ``-o`` for the inputs that were found; ``wanted`` is the ``--format``.

    Raises:
        UsageError: the inputs, ``-o`` and ``--format`` do not go together, or a library that the
            format needs is missing.
    """
    understood = _understood(output, found, wanted)
    codec.require_encoder(understood.format)
    return understood


def _understood(output: str | None, found: Sequence[Source | Failed], wanted: str) -> Output:
    sources = [entry for entry in found if isinstance(entry, Source)]
    piped = any(source.path == PIPE for source in sources)
    one_file = len(found) == len(sources) == 1 and sources[0].tree is None
    if piped and not one_file:
        raise UsageError("- (standard input) must be the only input")
    if output is None:
        return Output(None, PIPE if piped else None, wanted)
    if output == str(PIPE):
        if not one_file:
            raise UsageError("-o - (standard output) takes one image: name a folder with -o")
        return Output(None, PIPE, wanted)
    if not one_file or output.endswith(("/", os.sep)) or is_folder(Path(output)):
        return Output(_folder(output, piped), None, wanted)
    return Output(None, _file(output), _format_of(output, wanted))


def _folder(output: str, piped: bool) -> Path:
    folder, shown = Path(output), one_line(output)
    if piped:
        raise UsageError(f"-o {shown} is a folder, but standard input has no name: name the file")
    if not output or (os.path.lexists(folder) and not is_folder(folder)):
        raise UsageError(f"-o '{shown}' is no folder, which these inputs need: choose another")
    return folder


def _file(output: str) -> Path:
    return Path(output) if Path(output) != PIPE else PIPE.absolute()  # "./-" is a file


def _format_of(output: str, wanted: str) -> str:
    file, shown = Path(output), one_line(output)
    by_suffix = codec.format_of_suffix(file)
    if not output or (file.suffix and not by_suffix):
        known = ", ".join(codec.SUFFIXES.values())
        raise UsageError(f"-o '{shown}': the suffix decides the format, there are {known}")
    if by_suffix and wanted not in ("keep", by_suffix):
        raise UsageError(f"-o {shown} and --format {wanted} contradict each other: leave one out")
    return by_suffix or ("png" if wanted == "keep" else wanted)


@dataclass(frozen=True)
class Place:
    """Of one output: its path, the output folder whose ledger keeps it, its container."""

    target: Path
    root: Path
    format: str


@dataclass(frozen=True)
class Layout:
    """Gives every input the place of its output.

    Attributes:
        output: ``-o``.
        tag: Goes between stem and suffix of an output that lies beside its input.
        template: Of names, in place of the usual ones.
        real: Cache of resolved paths.
    """

    output: Output
    tag: str
    template: Template | None = None
    real: RealPaths = field(default_factory=RealPaths)

    def place(self, source: Source, container: str, words: Mapping[str, str]) -> Place:
        """The place for ``source``, whose own kind is ``container``.

        ``words`` are the values of a template's fields that have to do with sizes and networks.
        """
        kind = container if self.output.format == "keep" else self.output.format
        if file := self.output.file:
            return Place(file, PIPE if file == PIPE else file.parent, kind)
        top = self.output.folder or (_sibling(source.tree) if source.tree else None)
        if self.template:
            root = top or source.path.parent
            return Place(root / self.template.fill({**_words(source, kind), **words}), root, kind)
        folder = top / source.place.parent if top else source.path.parent
        beside = self.real[folder] == self.real[source.path.parent]
        name = _output_name(source.path, kind, self.tag if beside else "")
        return Place(folder / name, top or folder, kind)

    def holds(self, source: Source) -> bool:
        """Whether ``source`` lies in an output folder that is itself inside the input folder."""
        if not self.output.folder or not source.tree:
            return False
        top, tree = self.real[self.output.folder], self.real[source.tree]
        inside = top != tree and top.is_relative_to(tree)
        return inside and self.real[source.path].is_relative_to(top)


def _sibling(folder: Path) -> Path:
    named = folder if folder.name not in ("", "..") else Path(os.path.realpath(folder))
    if not named.name:
        raise UsageError(f"{named} has no folder beside it: choose one with -o")
    return named.with_name(named.name + "_sr")


def _output_name(source: Path, kind: str, tag: str) -> str:
    stem, suffix = _split(source, kind)
    return stem + tag + suffix


def _words(source: Source, kind: str) -> dict[str, str]:
    stem, suffix = _split(source.path, kind)
    return {"stem": stem, "ext": suffix, "reldir": source.place.parent.as_posix()}


def _split(source: Path, kind: str) -> tuple[str, str]:
    """The stem of ``source``, and the suffix of an output of ``kind``: its own where it fits."""
    stem = source.stem if is_image_name(source) else source.name
    fits = codec.format_of_suffix(source) == kind
    return stem, source.suffix if fits else codec.SUFFIXES[kind]
