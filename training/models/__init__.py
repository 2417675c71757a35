"""The networks, in one table. A new network is one file in this folder and one row here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from torch import nn

from sr_batch.core.errors import did_you_mean
from training.models import (
    autoencoder,
    balanced,
    edsr,
    espcn,
    fast,
    photo,
    photo_large,
    refiner,
    resnet,
    rrdb,
    srcnn,
    srcnn_deep,
    vdsr,
)
from training.models.about import About


@dataclass(frozen=True)
class Architecture:
    """A kind of network: ``config(scale=...)`` describes one, ``build(config)`` makes it."""

    config: type
    build: Callable[[Any], nn.Module]
    about: About
    scales: tuple[int, ...]


MODELS = {
    "srcnn": Architecture(srcnn.Config, srcnn.SRCNN, srcnn.ABOUT, (2, 3, 4)),
    "srcnn_deep": Architecture(srcnn_deep.Config, srcnn_deep.SRCNNDeep, srcnn_deep.ABOUT, (2,)),
    "espcn": Architecture(espcn.Config, espcn.ESPCN, espcn.ABOUT, (2, 3, 4)),
    "vdsr": Architecture(vdsr.Config, vdsr.VDSR, vdsr.ABOUT, (2, 3, 4)),
    "autoencoder": Architecture(
        autoencoder.Config, autoencoder.Autoencoder, autoencoder.ABOUT, (4,)
    ),
    "edsr": Architecture(edsr.Config, edsr.EDSR, edsr.ABOUT, (2, 3, 4)),
    "rrdb": Architecture(rrdb.Config, rrdb.RRDB, rrdb.ABOUT, (4,)),
    "esrgan": Architecture(rrdb.Config, rrdb.RRDB, rrdb.ESRGAN_ABOUT, (4,)),
    "refiner": Architecture(refiner.Config, refiner.Refiner, refiner.ABOUT, (4,)),
    "resnet": Architecture(resnet.Config, resnet.ResNet, resnet.ABOUT, (4,)),
    "fast": Architecture(fast.Config, fast.ConvStack, fast.ABOUT, (2, 3, 4)),
    "balanced": Architecture(balanced.Config, balanced.Balanced, balanced.ABOUT, (2, 3, 4)),
    "photo": Architecture(photo.Config, photo.Photo, photo.ABOUT, (2, 3, 4)),
    "photo_large": Architecture(
        photo_large.Config, photo_large.PhotoLarge, photo_large.ABOUT, (2, 4)
    ),
}


class BadConfig(ValueError):
    """A network, scale, option or loss does not exist; the message lists those that do."""


def nearest(name: str, known: Iterable[str]) -> str:
    """``: did you mean edsr? `` or, if nothing resembles ``name``, a period."""
    question = did_you_mean(name, known)
    return f": {question}" if question else ". "


def one_of(value: str, choices: Sequence[str]) -> str:
    """What ``value`` must be in place of what it is."""
    question = did_you_mean(value, choices)
    return f"{f'{question}It ' if question else ''}must be one of {', '.join(choices)}"


def configure(name: str, scale: int, options: Mapping[str, Any]) -> Any:
    """The configuration of network ``name``.

    Raises:
        BadConfig: no such network, scale or option.
    """
    if name not in MODELS:
        raise BadConfig(
            f"no network is called {name}{nearest(name, MODELS)}There are {', '.join(MODELS)}"
        )
    entry = MODELS[name]
    if scale not in entry.scales:
        scales = ", ".join(f"x{s}" for s in entry.scales)
        raise BadConfig(f"{name} has no x{scale}: its scales are {scales}")
    known = [field.name for field in fields(entry.config) if field.name != "scale"]
    if unknown := options.keys() - set(known):
        named = ", ".join(sorted(unknown))
        near = nearest(named, known)
        raise BadConfig(f"{name} has no option {named}{near}Its options are {', '.join(known)}")
    return entry.config(scale=scale, **options)


def build(name: str, scale: int, options: Mapping[str, Any]) -> nn.Module:
    """Network ``name`` with its initial weights.

    Raises:
        BadConfig: no such network, scale or option.
    """
    config = configure(name, scale, options)
    return MODELS[name].build(config)
