from collections import Counter
from pathlib import Path

import pytest

from tests.faults.table import ROOT, Fault, read_faults

FAULTS = read_faults()


def test_every_fault_can_be_put_in() -> None:
    wrong = [
        f"{fault.file} has {fault.old!r} {count} times, not once"
        for fault in FAULTS
        if (count := (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old)) != 1
    ]
    assert wrong == []


def test_every_fault_changes_code_and_names_tests_that_exist() -> None:
    assert [fault.name for fault in FAULTS if fault.old == fault.new] == []
    named = {path for fault in FAULTS for path in fault.tests}
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []
    assert [name for name, count in Counter(f.name for f in FAULTS).items() if count > 1] == []


def test_there_are_faults_in_every_package() -> None:
    parts = {Path(fault.file).parts[:2] for fault in FAULTS}
    packages = {path.parent.name for path in (ROOT / "sr_batch").glob("*/__init__.py")}
    assert {part for top, part in parts if top == "sr_batch"} == packages
    assert any(top == "training" for top, _ in parts)
    assert len(FAULTS) >= 30


def test_a_text_that_is_not_there_once_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one two two")
    Fault("", "a.py", "one", "three", ()).put_into(tmp_path)
    assert (tmp_path / "a.py").read_text() == "three two two"
    with pytest.raises(ValueError, match=r"'two' 2 times"):
        Fault("", "a.py", "two", "three", ()).put_into(tmp_path)
    with pytest.raises(ValueError, match=r"'one' 0 times"):
        Fault("", "a.py", "one", "three", ()).put_into(tmp_path)
