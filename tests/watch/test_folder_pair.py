from pathlib import Path

import pytest

from sr_batch.core.errors import UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.watch.folder_pair import Pair, require_apart


def pairs(folder: Path, *routes: str) -> list[Pair]:
    """A pair for each ``"source output"``."""
    found = []
    for route in routes:
        source, output = (folder / name for name in route.split())
        source.mkdir(parents=True, exist_ok=True)
        found.append(Pair(source, output, UpscaleOptions()))
    return found


@pytest.mark.parametrize("routes", [("a b", "b c"), ("a a/out",), ("a x", "b y", "x z"), ("a b",)])
def test_one_pair_may_feed_another(tmp_path: Path, routes: tuple[str, ...]) -> None:
    require_apart(pairs(tmp_path, *routes))


@pytest.mark.parametrize(
    "routes", [("a b", "b a"), ("a b", "b c", "c a"), ("a b/deep", "b a/out"), ("a/in b", "b a")]
)
def test_refuses_pairs_that_feed_each_other_in_a_loop(
    tmp_path: Path, routes: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match=r"feed each other in a loop: .* -> .*; choose"):
        require_apart(pairs(tmp_path, *routes))


def test_refuses_one_output_folder_for_two_pairs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="share an output folder"):
        require_apart(pairs(tmp_path, "a c", "b c"))
