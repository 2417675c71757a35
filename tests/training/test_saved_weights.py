from pathlib import Path

import pytest
import torch

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.kinds import Kind, kind_of


def test_knows_what_torch_saves(tmp_path: Path) -> None:
    state = {"weight": torch.zeros(2, 3), "half": torch.zeros(1, dtype=torch.float16), "n": 3}
    for name, zipped in (("new.pth", True), ("old.pth", False)):
        torch.save(state, tmp_path / name, _use_new_zipfile_serialization=zipped)
        assert kind_of(tmp_path / name) is Kind.TORCH
        torch.save(torch.nn.Conv2d(1, 1, 1), tmp_path / name, _use_new_zipfile_serialization=zipped)
        with pytest.raises(ImportRefused, match=r"it needs torch\.nn\.modules\.conv\.Conv2d"):
            kind_of(tmp_path / name)
