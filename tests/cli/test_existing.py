"""``--existing``: an output's name is taken by a file that sr-batch did not write."""

import pytest

from tests.cli.conftest import Photo, Tool, size_of

ESPCN = ("--model", "espcn")


@pytest.mark.parametrize(
    ("policy", "code", "status"),
    [("error", 3, "failed"), ("skip", 0, "skipped"), ("overwrite", 0, "done")],
)
def test_follows_the_policy(policy: str, code: int, status: str, tool: Tool, photo: Photo) -> None:
    photo("in/a.png")
    foreign = photo("out/a.png", size=(7, 5))
    before = foreign.read_bytes()
    run = tool("upscale", "in", "-o", "out", *ESPCN, "--existing", policy, "--json")
    assert run.code == code
    (result,) = run.results
    assert result["status"] == status
    if policy == "overwrite":
        assert size_of(foreign) == (48, 32)
    else:
        assert foreign.read_bytes() == before
    if policy == "error":
        assert "--existing skip or overwrite" in result["error"]


def test_takes_a_name_template_and_patterns(tool: Tool, photo: Photo) -> None:
    photo("in/a.png")
    photo("in/b.jpg")
    kept = photo("in/raw/c.png")
    arguments = ("--include", "*.png", "--exclude", "raw", "--name", "{stem}_{width}")
    run = tool("upscale", "in", *ESPCN, *arguments, "--json")
    assert run.code == 0
    assert [result["output"] for result in run.results] == ["in_sr/a_48.png"]
    assert size_of(kept.parents[2] / "in_sr/a_48.png") == (48, 32)
