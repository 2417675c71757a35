"""Shards: which inputs one takes, and how ``--shard`` names it."""

from collections import Counter

import pytest

from sr_batch.core.errors import UsageError
from sr_batch.core.shard import Shard, read_shard

AWS = {"AWS_BATCH_JOB_ARRAY_INDEX": "2", "AWS_BATCH_JOB_ARRAY_SIZE": "16"}
KUBERNETES = {"JOB_COMPLETION_INDEX": "2", "SR_BATCH_SHARDS": "16"}


def slurm(task: int, first: int, last: int, count: int) -> dict[str, str]:
    parts = {"ID": task, "MIN": first, "MAX": last, "COUNT": count}
    return {f"SLURM_ARRAY_TASK_{name}": str(number) for name, number in parts.items()}


def test_an_input_never_changes_its_shard() -> None:
    keys = ["a.jpg", "2024/summer/IMG_0001.JPG", "é.png", "\udcff.png", ""]
    taken = [next(n for n in range(16) if Shard(n, 16).takes(key)) for key in keys]
    assert taken == [9, 9, 14, 3, 4]


def test_each_input_has_one_shard_and_shards_are_of_like_size() -> None:
    shards = [Shard(n, 16) for n in range(16)]
    sizes = Counter(
        next(shard for shard in shards if shard.takes(f"photos/{number}.jpg"))
        for number in range(16_000)
    )
    assert max(sizes.values()) < 1.16 * 1000
    assert sum(shard.takes("a.jpg") for shard in shards) == 1
    assert Shard(0, 1).takes("a.jpg")


def test_a_shard_is_written_as_it_is_read() -> None:
    assert read_shard("3/16", {}) == Shard(2, 16)
    assert str(Shard(2, 16)) == "3/16"


@pytest.mark.parametrize("text", ["", "3", "3/", "/16", "a/b", "-1/4", "1/4/4", "3.0/4", "Auto"])
def test_another_form_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--shard .*: write N/OF, for example 3/16, or auto$"):
        read_shard(text, AWS)


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/0"])
def test_a_shard_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=f"^--shard {text}: there is no such shard"):
        read_shard(text, {})


@pytest.mark.parametrize(
    "environment", [AWS, KUBERNETES, slurm(2, 0, 15, 16), slurm(3, 1, 16, 16), AWS | KUBERNETES]
)
def test_auto_reads_the_variables_of_schedulers(environment: dict[str, str]) -> None:
    assert read_shard("auto", environment) == Shard(2, 16)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "none of AWS_BATCH_JOB_ARRAY_INDEX, SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX"),
        ({"JOB_COMPLETION_INDEX": "2"}, "SR_BATCH_SHARDS is not set; set it to the number of"),
        (KUBERNETES | {"SR_BATCH_SHARDS": "2"}, "SR_BATCH_SHARDS is 2: there is no such shard"),
        (KUBERNETES | {"SR_BATCH_SHARDS": "many"}, "SR_BATCH_SHARDS is many, not a number"),
        ({"AWS_BATCH_JOB_ARRAY_INDEX": "2"}, "AWS_BATCH_JOB_ARRAY_SIZE is not set"),
        (slurm(5, 5, 5, 1), "has 1 of the tasks 5 to 5, but only 0-N and 1-N tell"),
        (slurm(3, 0, 6, 3), "has 3 of the tasks 0 to 6"),
    ],
)
def test_auto_says_what_is_missing(environment: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_shard("auto", environment)
    assert str(caught.value).startswith("--shard auto: ")
    assert message in str(caught.value)
