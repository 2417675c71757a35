"""Divides the inputs of a run among several runs, by a hash of their names.

Which shard takes an input depends on nothing but its name and the number of shards. So any shard
can run again at any time, on any machine, and takes the same inputs as before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from sr_batch.core.errors import UsageError

AUTO = "auto"
COUNT_VARIABLE = "SR_BATCH_SHARDS"
"""Holds the number of shards where the scheduler does not tell a job how many others there are."""

_FORM = "write N/OF, for example 3/16, or auto"


@dataclass(frozen=True)
class Shard:
    """One of ``count`` shards.

    Attributes:
        index: From 0 to ``count - 1``.
        count: At least 1.
    """

    index: int
    count: int

    def takes(self, key: str) -> bool:
        """Whether the input ``key`` belongs to this shard.

        Args:
            key: The path of an input below its folder or bucket prefix, with "/" between its parts.
        """
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.index

    def __str__(self) -> str:
        """As ``--shard`` takes it."""
        return f"{self.index + 1}/{self.count}"


def read_shard(text: str, environment: Mapping[str, str]) -> Shard:
    """The shard that ``--shard`` states.

    Args:
        text: ``N/OF``, counted from 1, or ``auto``.
        environment: Variables of the process; ``auto`` reads those of AWS Batch, Slurm and
            Kubernetes.

    Raises:
        UsageError: ``text`` or a variable cannot be understood, or a variable is missing.
    """
    if text == AUTO:
        return _of_environment(environment)
    number, _, count = text.partition("/")
    if not (_is_number(number) and _is_number(count)):
        raise UsageError(f"--shard {text}: {_FORM}")
    return _checked(int(number) - 1, int(count), f"--shard {text}")


def _of_environment(environment: Mapping[str, str]) -> Shard:
    if "AWS_BATCH_JOB_ARRAY_INDEX" in environment:
        return _of_variables(environment, "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE")
    if "SLURM_ARRAY_TASK_ID" in environment:
        return _of_slurm(environment)
    if "JOB_COMPLETION_INDEX" in environment:
        return _of_variables(environment, "JOB_COMPLETION_INDEX", COUNT_VARIABLE)
    raise UsageError(
        "--shard auto: none of AWS_BATCH_JOB_ARRAY_INDEX, SLURM_ARRAY_TASK_ID and"
        " JOB_COMPLETION_INDEX is set; write N/OF, for example --shard 3/16"
    )


def _of_variables(environment: Mapping[str, str], index: str, count: str) -> Shard:
    number, total = _number(environment, index), _number(environment, count)
    return _checked(number, total, f"--shard auto: {index} is {number} and {count} is {total}")


def _of_slurm(environment: Mapping[str, str]) -> Shard:
    """The task among all of a job array, which must be one without gaps from 0 or 1.

    An array such as ``--array=5`` repeats a task of another array, whose size it does not know.
    """
    task, first, last, count = (
        _number(environment, f"SLURM_ARRAY_TASK_{part}") for part in ("ID", "MIN", "MAX", "COUNT")
    )
    if first > 1 or last - first + 1 != count:
        raise UsageError(
            f"--shard auto: the job array has {count} of the tasks {first} to {last}, but only"
            " 0-N and 1-N tell how many shards there are; write N/OF, for example --shard"
            " $SLURM_ARRAY_TASK_ID/16"
        )
    return _checked(task - first, count, f"--shard auto: SLURM_ARRAY_TASK_ID is {task}")


def _number(environment: Mapping[str, str], name: str) -> int:
    if not (text := environment.get(name, "")):
        raise UsageError(
            f"--shard auto: {name} is not set; set it to the number of shards, or write N/OF"
            if name == COUNT_VARIABLE
            else f"--shard auto: {name} is not set; write N/OF, for example --shard 3/16"
        )
    if not _is_number(text):
        raise UsageError(f"--shard auto: {name} is {text}, not a number; write N/OF")
    return int(text)


def _checked(index: int, count: int, subject: str) -> Shard:
    if not 0 <= index < count:
        raise UsageError(f"{subject}: there is no such shard; {_FORM}")
    return Shard(index, count)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10
