import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sr_batch.batch.output_ledger import Entry, Ledger
from sr_batch.core.errors import StorageError
from tests.disks import largest_file

ENTRY = Entry("source", "recipe", "output", Path("../in/a.png"))


class Said(list[str]):
    """Collects the lines that a ledger notifies."""

    def __call__(self, line: str) -> None:
        self.append(line)


def state_file(root: Path) -> Path:
    return root / ".sr-batch" / "state.sqlite"


def put_state(root: Path, content: bytes) -> None:
    state_file(root).parent.mkdir(parents=True)
    state_file(root).write_bytes(content)


def test_knows_nothing_at_first_and_leaves_no_trace(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, Said())
    assert ledger.find(tmp_path / "a.png") is None
    assert ledger.paths() == []
    assert list(tmp_path.iterdir()) == []


def test_remembers_across_runs(tmp_path: Path) -> None:
    Ledger(tmp_path, Said()).record(tmp_path / "b" / "a.png", ENTRY)
    later = Ledger(tmp_path, Said())
    found = later.find(tmp_path / "b" / "a.png")
    assert found == ENTRY
    assert found
    assert found.origin == ENTRY.origin
    assert later.find(tmp_path / "a.png") is None
    assert later.paths() == [tmp_path / "b" / "a.png"]


def test_keeps_the_last_entry(tmp_path: Path) -> None:
    ledger, said = Ledger(tmp_path, Said()), Said()
    ledger.record(tmp_path / "a.png", ENTRY)
    other = Entry("other", "recipe", "output", Path("b.png"))
    ledger.record(tmp_path / "a.png", other)
    assert Ledger(tmp_path, said).find(tmp_path / "a.png") == other
    assert said == []


def test_moves_with_its_folder(tmp_path: Path) -> None:
    Ledger(tmp_path / "old", Said()).record(tmp_path / "old" / "a.png", ENTRY)
    (tmp_path / "old").rename(tmp_path / "new")
    assert Ledger(tmp_path / "new", Said()).find(tmp_path / "new" / "a.png") == ENTRY


def test_takes_a_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Ledger(Path(), Said()).record(Path("a.png"), ENTRY)
    assert Ledger(tmp_path, Said()).find(tmp_path / "a.png") == ENTRY


@settings(max_examples=25)
@given(name=st.binary(min_size=1).filter(lambda name: not {0, ord("/")} & set(name)))
def test_keeps_any_name(tmp_path_factory: pytest.TempPathFactory, name: bytes) -> None:
    root = tmp_path_factory.mktemp("root")
    target = root / "x" / os.fsdecode(name)
    Ledger(root, Said()).record(target, ENTRY)
    assert Ledger(root, Said()).find(target) == ENTRY
    assert Ledger(root, Said()).paths() == [target]


def test_threads_share_one_ledger(tmp_path: Path) -> None:
    ledger, said = Ledger(tmp_path, Said()), Said()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: ledger.record(tmp_path / f"{n}.png", ENTRY), range(24)))
    assert len(Ledger(tmp_path, said).paths()) == 24
    assert said == []


def test_processes_share_one_state_file(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from sr_batch.batch.output_ledger import *\n"
        "root, first = Path(sys.argv[1]), int(sys.argv[2])\n"
        "for n in range(first, first + 10):\n"
        "    Ledger(root, sys.exit).record(root / str(n), Entry('s', 'r', 'o', Path(str(n))))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    children = [subprocess.Popen([*command, str(first)]) for first in range(0, 40, 10)]
    assert [child.wait(60) for child in children] == [0, 0, 0, 0]
    said = Said()
    assert len(Ledger(tmp_path, said).paths()) == 40
    assert said == []


def test_survives_a_kill_during_a_commit(tmp_path: Path) -> None:
    """The next process rolls back the journal of an interrupted transaction."""
    Ledger(tmp_path, Said()).record(tmp_path / "a.png", ENTRY)
    code = (
        "import os, sqlite3, sys\n"
        "state = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "state.execute('PRAGMA cache_spill = 1'); state.execute('PRAGMA cache_size = 1')\n"
        "state.execute('BEGIN')\n"
        "for n in range(999):\n"
        "    row = (os.urandom(99), 's', 'r', 'o', b'i')\n"
        "    state.execute('INSERT INTO outputs VALUES (?, ?, ?, ?, ?)', row)\n"
        "os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(state_file(tmp_path))], check=False)
    assert ended.returncode == -9
    assert state_file(tmp_path).with_name("state.sqlite-journal").stat().st_size > 0
    said = Said()
    assert Ledger(tmp_path, said).paths() == [tmp_path / "a.png"]
    assert said == []


def test_an_empty_state_file_is_an_empty_ledger(tmp_path: Path) -> None:
    put_state(tmp_path, b"")
    said = Said()
    assert Ledger(tmp_path, said).find(tmp_path / "a.png") is None
    assert said == []


def damaged(root: Path) -> bytes:
    """A state file with a good header and damaged pages."""
    root.mkdir(exist_ok=True)
    ledger = Ledger(root, Said())
    for number in range(5):
        ledger.record(root / (str(number) * 3000), ENTRY)
    content = state_file(root).read_bytes()
    return content[:4096] + b"\xa5" * (len(content) - 4096)


def of_another_program(root: Path) -> bytes:
    with closing(sqlite3.connect(root / "other")) as connection:
        connection.execute("CREATE TABLE outputs (something TEXT)")
    return (root / "other").read_bytes()


@pytest.mark.parametrize(
    "content", [lambda root: b"no database" * 999, damaged, of_another_program]
)
def test_renames_a_corrupt_state_file_and_starts_a_new_one(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, content: Callable[[Path], bytes]
) -> None:
    broken = content(tmp_path_factory.mktemp("other"))
    put_state(tmp_path, broken)
    said = Said()
    ledger = Ledger(tmp_path, said)
    assert ledger.find(tmp_path / "a.png") is None
    ledger.record(tmp_path / "a.png", ENTRY)
    assert Ledger(tmp_path, said).find(tmp_path / "a.png") == ENTRY
    (line,) = said
    assert "state.sqlite: " in line
    assert "renamed to state.sqlite.corrupt" in line
    assert line.isprintable()
    assert state_file(tmp_path).with_name("state.sqlite.corrupt").read_bytes() == broken


def test_starts_a_new_file_beside_the_journal_of_the_corrupt_one(tmp_path: Path) -> None:
    put_state(tmp_path, damaged(tmp_path / "other"))
    hot = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes([0, 0, 0, 1] * 4) + bytes(9000)
    state_file(tmp_path).with_name("state.sqlite-journal").write_bytes(hot)
    Ledger(tmp_path, Said()).record(tmp_path / "a.png", ENTRY)
    said = Said()
    assert Ledger(tmp_path, said).paths() == [tmp_path / "a.png"]
    assert said == []


def test_records_even_if_the_corrupt_file_was_never_read(tmp_path: Path) -> None:
    put_state(tmp_path, b"no database" * 999)
    Ledger(tmp_path, Said()).record(tmp_path / "a.png", ENTRY)
    assert Ledger(tmp_path, Said()).find(tmp_path / "a.png") == ENTRY


def folder_as_state(root: Path) -> None:
    state_file(root).mkdir(parents=True)


def file_as_folder(root: Path) -> None:
    (root / ".sr-batch").touch()


@pytest.mark.parametrize("block", [folder_as_state, file_as_folder])
def test_goes_on_without_a_state_file_and_says_so_once(
    tmp_path: Path, block: Callable[[Path], None]
) -> None:
    block(tmp_path)
    said = Said()
    ledger = Ledger(tmp_path, said)
    for _ in range(2):
        ledger.record(tmp_path / "a.png", ENTRY)
        assert ledger.find(tmp_path / "a.png") is None
    (line,) = said
    assert "state.sqlite" in line
    assert "continuing without it" in line


def test_says_in_plain_words_why_there_is_no_state_file(user_folder: Path) -> None:
    user_folder.chmod(0o500)
    said = Said()
    Ledger(user_folder, said).record(user_folder / "a.png", ENTRY)
    (line,) = said
    assert line.startswith(f"{state_file(user_folder)}: Permission denied; continuing without it")


def test_reads_a_state_file_that_it_may_not_write(user_folder: Path) -> None:
    Ledger(user_folder, Said()).record(user_folder / "a.png", ENTRY)
    state_file(user_folder).chmod(0o444)
    state_file(user_folder).parent.chmod(0o555)
    said = Said()
    ledger = Ledger(user_folder, said)
    assert ledger.find(user_folder / "a.png") == ENTRY
    ledger.record(user_folder / "b.png", ENTRY)
    (line,) = said
    assert "readonly" in line
    assert "continuing without it" in line


def test_goes_on_without_a_state_file_that_it_may_not_read(user_folder: Path) -> None:
    put_state(user_folder, b"secret")
    state_file(user_folder).chmod(0)
    said = Said()
    assert Ledger(user_folder, said).find(user_folder / "a.png") is None
    assert len(said) == 1
    assert "continuing without it" in said[0]


def test_goes_on_after_a_full_disk(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, Said())
    ledger.record(tmp_path / "a.png", ENTRY)
    long = tmp_path / ("b" * 3000)
    with largest_file(4096), pytest.raises(StorageError, match=r"state\.sqlite.*-o"):
        ledger.record(long, ENTRY)
    assert ledger.paths() == [tmp_path / "a.png"]
    ledger.record(long, ENTRY)
    assert ledger.find(long) == ENTRY


def test_a_full_disk_is_not_taken_for_a_broken_state_file(tmp_path: Path) -> None:
    """Another thread has just made the file, and the disk is too full for its first page."""
    put_state(tmp_path, b"")
    said = Said()
    ledger = Ledger(tmp_path, said)
    with largest_file(100), pytest.raises(StorageError, match=r"state\.sqlite.*-o"):
        ledger.find(tmp_path / "a.png")
    ledger.record(tmp_path / "a.png", ENTRY)
    assert ledger.find(tmp_path / "a.png") == ENTRY
    assert said == []
