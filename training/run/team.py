"""The processes that train one network together, as torchrun starts them on one machine.

Each draws the same patches from the same random numbers, and computes the gradients of its share.
All take the same step, with the average. The leader alone measures, and writes files and messages.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import nn

from training.models import BadConfig
from training.recipes.recipe import Recipe

T = TypeVar("T")

_PATIENCE = timedelta(days=1)  # the others wait while the leader measures; torchrun ends them


@dataclass(frozen=True)
class Team:
    """This process, number ``rank`` of ``size``."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process measures, and writes files and messages."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """Those of ``count`` patches, a multiple of the size, that this process computes."""
        part = count // self.size
        return slice(self.rank * part, (self.rank + 1) * part)

    def average_(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace the values of ``tensors``, on one device, by their means over all processes."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        dist.all_reduce(flat)
        parts = (flat / self.size).split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))

    def largest(self, number: int) -> int:
        """The largest ``number`` that any process has."""
        if self.size == 1:
            return number
        found = torch.tensor(number)
        dist.all_reduce(found, dist.ReduceOp.MAX)
        return int(found)

    def told(self, value: T) -> T:
        """The ``value`` of the leader."""
        if self.size == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, device=torch.device("cpu"))
        return values[0]

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """The others begin the block when the leader has left it."""
        if not self.leads:
            self.told(None)
        yield
        if self.leads:
            self.told(None)


ALONE = Team()


@contextmanager
def joined() -> Iterator[Team]:
    """The team of this process in the block. All but the leader are silent in it."""
    if not dist.is_torchelastic_launched() or os.environ["WORLD_SIZE"] == "1":
        yield ALONE
        return
    both = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(both, timeout=_PATIENCE)
    team = Team(dist.get_rank(), dist.get_world_size())
    if team.leads:
        yield team
    else:
        with (
            Path(os.devnull).open("w") as nothing,
            redirect_stdout(nothing),
            redirect_stderr(nothing),
        ):
            yield team
    dist.destroy_process_group()


def is_follower() -> bool:
    """Whether torchrun started this process, and another one leads."""
    return dist.is_torchelastic_launched() and os.environ["RANK"] != "0"


def own_device(device: torch.device) -> torch.device:
    """``device``; of several GPUs, that of this process.

    Raises:
        BadConfig: there are more processes than GPUs.
    """
    if device.type != "cuda" or not dist.is_torchelastic_launched():
        return device
    own = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    if own.index >= torch.cuda.device_count():
        raise BadConfig(
            f"--nproc-per-node {os.environ['WORLD_SIZE']}: this machine has only "
            f"{torch.cuda.device_count()} GPU(s)"
        )
    torch.cuda.set_device(own)
    return own


def require_shareable(plan: Recipe, net: nn.Module, team: Team) -> None:
    """Refuse what several processes would train in another way than one.

    Raises:
        BadConfig: a batch cannot be shared, or its patches depend on each other.
    """
    if team.size == 1:
        return
    names = {name for stage in plan.stages for name in stage.loss}
    if "adversarial" in names:
        raise BadConfig(f"the adversarial loss {_COMPARES}")
    if any(isinstance(module, nn.BatchNorm2d) for module in net.modules()):
        raise BadConfig(f"the batch norm of {plan.model} {_COMPARES}")
    if plan.quantized:
        raise BadConfig(f"the rounding of int8 {_COMPARES}")
    for number, stage in enumerate(plan.stages):
        if stage.batch % team.size:
            nearest = max(1, round(stage.batch / team.size)) * team.size
            raise BadConfig(
                f"stages.{number}.batch = {stage.batch}: cannot be shared equally by {team.size} "
                f"processes; --set stages.{number}.batch={nearest} can"
            )


_COMPARES = "depends on all patches of a batch together; train without torchrun"
