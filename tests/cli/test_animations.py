from pathlib import Path

import numpy as np
from PIL import Image

from tests.cli.conftest import Tool
from tests.codec.animations import times_of_pillow
from tests.codec.pictures import saved, smooth


def test_enlarges_an_animation_frame_by_frame(tool: Tool, tmp_path: Path) -> None:
    """With a real network, and a file of another program."""
    (tmp_path / "in").mkdir()
    frames = [Image.fromarray(smooth(24, 40, 3)[:, left : left + 32]) for left in range(4)]
    times = [40, 70, 20, 200]
    (tmp_path / "in/a.gif").write_bytes(
        saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=times, loop=2)
    )
    run = tool("upscale", "in", "--model", "espcn", "--verify", "--json")
    assert run.code == 0
    (result,) = run.results
    assert result["output_size"] == [64, 48]
    assert "colors reduced to 256" in result["notes"]
    data = (tmp_path / "in_sr/a.gif").read_bytes()
    assert times_of_pillow(data) == (2, times)
    with Image.open(tmp_path / "in/a.gif") as source, Image.open(tmp_path / "in_sr/a.gif") as made:
        for index in range(4):
            source.seek(index)
            made.seek(index)
            reduced = made.convert("RGB").resize(source.size, Image.Resampling.BOX)
            difference = np.asarray(reduced, float) - np.asarray(source.convert("RGB"), float)
            assert np.sqrt(np.mean(difference**2)) < 8
