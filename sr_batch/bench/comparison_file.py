"""The file of a comparison: it replaces only an earlier sheet that nobody changed."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sr_batch import codec
from sr_batch.batch.job import ALREADY_DONE, EDITED, Job
from sr_batch.batch.loading import load_file
from sr_batch.batch.output_ledger import Ledger
from sr_batch.batch.overwrite_guard import OutputTaken, OverwriteGuard, Recipes
from sr_batch.bench.quality import Levels
from sr_batch.core.errors import OutputCollision, UsageError
from sr_batch.core.image import Image
from sr_batch.core.options import Existing
from sr_batch.core.results import one_line
from sr_batch.files.part_file import part_file, resolved
from sr_batch.files.reading import PIPE, content_hash, display_name, is_folder

_QUALITY = 95


def sheet_path(output: str | None, photographs: Sequence[Path]) -> Path:
    """Where the sheet goes: ``-o``, or ``NAME_compare.png`` beside the first photograph.

    Raises:
        UsageError: ``-o`` is missing where it is needed, or is not the name of an image; a
            photograph is a folder.
        OutputCollision: it is one of the photographs.
    """
    first = photographs[0]
    if folder := next(filter(is_folder, photographs), None):
        raise UsageError(
            f"{display_name(folder)} is a folder: name photographs in it, such as"
            f" {display_name(folder / 'photo.jpg')}"
        )
    if output is None and first == PIPE:
        raise UsageError("standard input has no name: give the sheet's with -o SHEET.png")
    target = first.with_name(f"{first.stem}_compare.png") if output is None else Path(output)
    if output is not None and is_folder(target) and first != PIPE:
        target = target / f"{first.stem}_compare.png"
    kind = codec.format_of_suffix(target)
    if target == PIPE or kind is None:
        raise UsageError(f"-o {one_line(str(output))}: give a file such as sheet.png")
    codec.require_encoder(kind)
    if resolved(target) in {resolved(path) for path in photographs}:
        raise OutputCollision(
            f"{display_name(target)} is one of the photographs and is never written to:"
            " choose another name with -o"
        )
    return target


class SheetFile:
    """The file that a sheet is stored in.

    Args:
        target: From :func:`sheet_path`.
        photographs: Their paths.
        contents: Their bytes.
        recipe: Everything else that the sheet shows, besides how long it took.
        existing: As for `OverwriteGuard`.
        notify: Told about a state file that cannot be used.
        again: How the user gets a sheet that is there made again.
    """

    def __init__(
        self,
        target: Path,
        photographs: Sequence[Path],
        contents: Sequence[bytes],
        recipe: str,
        existing: Existing,
        notify: Callable[[str], None],
        again: str,
    ) -> None:
        self._target = target
        self._kind = codec.format_of_suffix(target) or "png"
        self._existing = existing
        self._again = again
        source = content_hash("".join(map(content_hash, contents)).encode())
        job = Job(photographs[0], target, target.parent, self._kind, pixels=0)
        ledger = Ledger(target.parent, notify)
        digest = content_hash(f"comparison\n{recipe}".encode())
        self._guard = OverwriteGuard(job, ledger, source, Recipes(digest), existing)

    @property
    def kept(self) -> str | None:
        """Why the file that is there stays and no sheet is needed; None if one is.

        Raises:
            UnwritableOutput: another file is there, or no file can be made there.
        """
        if self._guard.is_done and self._existing != "overwrite":
            return f"{ALREADY_DONE}; {self._again}"
        if self._guard.is_edited:
            return EDITED
        try:
            # A sheet states times, so no file without a record is known to be the same sheet.
            self._guard.require_replaceable(self._kind, (), load_file)
        except OutputTaken:
            if self._existing != "skip":
                raise
            return "another file has its name"
        return None

    def store(self, sheet: Levels) -> None:
        """Write ``sheet``, uint8 (H, W, 3) in sRGB.

        Raises:
            UnwritableOutput: somebody wrote another file meanwhile, or none can be written.
            StorageError: the disk is full or failing.
        """
        data = codec.encode_image(Image(sheet), self._kind, _QUALITY)
        digest = content_hash(data)
        with part_file(self._target, len(data)) as part:
            part.write(data)
            part.sync()
            self._guard.require_unchanged(digest)
            self._guard.record(digest)
            part.take_name()
