from pathlib import Path

import pytest

from sr_batch.core.errors import UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.watch.daemon import require_apart
from sr_batch.watch.pair import Pair


def pairs(folder: Path, *routes: str) -> list[Pair]:
    """Pairs as ``"a b"``, from one folder to another."""
    found = []
    for route in routes:
        source, output = (folder / name for name in route.split())
        source.mkdir(parents=True, exist_ok=True)
        found.append(Pair(source, output, UpscaleOptions()))
    return found


@pytest.mark.parametrize("routes", [("a b", "b c"), ("a a/out",), ("a x", "b y", "x z"), ("a b",)])
def test_folders_may_follow_each_other(tmp_path: Path, routes: tuple[str, ...]) -> None:
    require_apart(pairs(tmp_path, *routes))


@pytest.mark.parametrize(
    "routes", [("a b", "b a"), ("a b", "b c", "c a"), ("a b/deep", "b a/out"), ("a/in b", "b a")]
)
def test_folders_that_feed_each_other_for_ever_are_refused(
    tmp_path: Path, routes: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match=r"feed each other for ever: .* -> .*"):
        require_apart(pairs(tmp_path, *routes))


def test_one_output_for_two_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="have one output folder"):
        require_apart(pairs(tmp_path, "a c", "b c"))
