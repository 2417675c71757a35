"""A torch network behind the same interface as an exported ONNX file."""

from dataclasses import dataclass

import torch
from torch import nn

from sr_batch.core.model_spec import Color, ModelSpec
from sr_batch.inference.session import Batch

CPU = torch.device("cpu")


@dataclass(frozen=True)
class TorchSession:
    """A session of ``sr_batch``: what measures exported files can measure ``net``, too."""

    net: nn.Module
    spec: ModelSpec
    device: torch.device = CPU
    provider: str = "torch"

    @torch.inference_mode()
    def __call__(self, batch: Batch) -> Batch:
        sr: Batch = self.net(torch.from_numpy(batch).to(self.device)).float().cpu().numpy()
        return sr


def unmeasured_spec(name: str, scale: int, color: Color) -> ModelSpec:
    """A contract that says only how to call the network; everything else is a placeholder.

    Pictures must fit into one tile, because the overlap is 0. Those of the standard sets do.
    """
    return ModelSpec(
        name=name,
        arch=name,
        scale=scale,
        color=color,
        multiple=1,
        receptive_field=1,
        overlap=0,
        precision="fp32",
        protocol="",
        licence="",
        data="",
        commit="",
    )
