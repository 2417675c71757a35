import errno
import os
import threading
from pathlib import Path

import pytest

from sr_batch.core.errors import StorageError
from training.run.full_disk import full_disk_told


def full(name: str) -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)


def test_any_file_that_does_not_fit_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as told, full_disk_told(tmp_path):
        raise full("runs/it/metrics.csv")
    assert str(told.value).startswith("runs/it/metrics.csv: No space left on device: ")
    assert "Its last checkpoint, if there is one, is kept. Free some space" in str(told.value)
    with pytest.raises(StorageError, match=str(tmp_path)), full_disk_told(tmp_path):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")


def test_other_errors_stay_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), full_disk_told(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_threads_report_no_full_disk_but_all_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda each: reported.append(each.exc_type))
    before = threading.excepthook

    def fail(error: Exception) -> None:
        raise error

    with full_disk_told(tmp_path):
        for error in (full("events"), ValueError("other")):
            thread = threading.Thread(target=fail, args=(error,))
            thread.start()
            thread.join()
    assert reported == [ValueError]
    assert threading.excepthook is before
