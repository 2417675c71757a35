"""The networks of an upscaler: all on one device, and replaced if half precision fails."""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

from sr_batch.core.model_spec import Precision, PrecisionChoice
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.batching import AT_ONCE, Batching
from sr_batch.inference.model_catalog import MOST_LOSS, ModelFile, fp32_twin
from sr_batch.inference.providers import (
    PROVIDERS,
    Provider,
    open_session,
    require_available,
    settle_device,
)
from sr_batch.inference.session import Session
from sr_batch.inference.strength import NO_INT8, choose_at
from sr_batch.upscaling.open_networks import NetworkKey, OpenNetworks
from sr_batch.upscaling.scale_plan import plan_scale
from sr_batch.upscaling.tile_tuning import USUAL, TileSetting

# What `--precision auto` may choose on one machine or another.
_AUTOMATIC: tuple[Precision, ...] = get_args(Precision)


class LoadedModels:
    """Sessions by scale. Thread-safe.

    Args:
        options: Model, precision, device and scale matter here.
        notify: Receives one line about the device that ``auto`` chose, and one about each network
            that was replaced.
        setting_of: The tile setting for the network in a file, on the CPU.
        networks: Keeps them open. Other upscalers may share it.
        lazy: Whether each network is opened only when it is asked for.

    Raises:
        UnknownModel: no such network, or none that enlarges.
        DeviceUnavailable: the device cannot run here.
    """

    def __init__(
        self,
        options: UpscaleOptions,
        notify: Callable[[str], None],
        setting_of: Callable[[Path], TileSetting],
        networks: OpenNetworks,
        lazy: bool = False,
    ) -> None:
        self._options = options
        self._notify = notify
        self._setting_of = setting_of
        self._networks = networks
        self._settings: dict[int, TileSetting] = {}
        self._files = self._choose(options.precision)
        self._needed = self._needed_scales()
        if lazy and self._needed:
            require_available(options.device)
        self._device = self._settled_device()
        self._fastest = self._device_entry.find_fastest()
        if options.precision == "int8" and any(each.blend for each in self._files.values()):
            notify(f"--strength {options.strength:g} runs in fp32: {NO_INT8}")
        if self._is_automatic:
            self._files = self._choose("auto", self._fastest.precision)
        self._lock = threading.Lock()
        self._used: dict[int, _Used] = {}
        self._provider = "none"
        for scale in () if lazy else self._needed:
            self._session(scale)

    def __getitem__(self, scale: int) -> Session:
        """The session for ``scale``. Keep no reference to it when it has done its work."""
        with self._lock:
            return self._session(scale)

    def setting(self, scale: int) -> TileSetting:
        """The tile setting for the network of ``scale``."""
        return self._settings.get(scale, USUAL)

    def key(self, scale: int) -> NetworkKey:
        """What the session for ``scale`` depends on."""
        with self._lock:
            self._session(scale)
            return self._used[scale].key

    @property
    def window(self) -> int | None:
        """Side in LR pixels of the windows that the device needs; None if any size will do."""
        return self._device_entry.window

    @property
    def callers(self) -> int:
        """Concurrent calls that keep the device busy, for any number of cores; 1 on the CPU."""
        batch = self._device_entry.batch
        return batch * AT_ONCE if batch > 1 else 1

    @property
    def scales(self) -> Collection[int]:
        """Scales there are networks for, opened or not."""
        return self._files.keys()

    @property
    def family(self) -> str:
        """The name of the networks' family."""
        return next(iter(self._files.values())).name

    @property
    def provider(self) -> str:
        """The execution provider that runs the networks; ``none`` if no network is needed."""
        return self._provider

    @property
    def precision_notes(self) -> tuple[str, ...]:
        """What ``--precision auto`` chose for each network, and why; empty without ``auto``."""
        if not self._is_automatic:
            return ()
        return tuple(self._precision_note(scale) for scale in self._needed)

    def digests(self) -> list[str]:
        """Scale and SHA-256 of the file of each network that may be used."""
        return self._digests(self._files)

    def equal_digests(self) -> list[list[str]]:
        """What :meth:`digests` may be with the same options on other machines, without this one.

        ``--precision auto`` takes other files there.
        """
        if not self._is_automatic:
            return []
        choices = (self._choose("auto", each) for each in _AUTOMATIC)
        found = (self._digests(files) for files in choices)
        return [each for each in found if each != self.digests()]

    def replace_by_fp32(self, scale: int, failed: Session) -> bool:
        """Use the fp32 file instead of ``failed`` for the rest of the run.

        Half precision ends at 65504, and a network may exceed that on a rare picture.

        Returns:
            Whether another network than ``failed`` runs ``scale`` now.
        """
        with self._lock:
            if self._session(scale) is not failed:
                return True
            twin = fp32_twin(self._files[scale])
            if twin is None or twin == self._used[scale].file:
                return False
            self._used[scale] = self._use(twin, self._used[scale].setting)
            self._session(scale)
        self._notify(
            f"{self.family} x{scale} in {failed.spec.precision} returned NaN or infinite values;"
            " it runs in fp32 from now on"
        )
        return True

    @property
    def _is_automatic(self) -> bool:
        """Whether the device decides on the files."""
        return self._options.precision == "auto" and not self._options.model.endswith(".onnx")

    def _choose(
        self, precision: PrecisionChoice, fastest: Precision = "fp32"
    ) -> dict[int, ModelFile]:
        return choose_at(self._options.model, self._options.strength, precision, fastest)

    def _needed_scales(self) -> tuple[int, ...]:
        fixed = self._options.goal.fixed
        scales = plan_scale(fixed, self.scales).passes if fixed else sorted(self.scales)
        return tuple(dict.fromkeys(scales))

    def _settled_device(self) -> str:
        """If no network is needed, ``auto`` stays open."""
        if not self._needed:
            return self._options.device
        return settle_device(self._options.device, self._files[self._needed[0]].path, self._notify)

    @property
    def _device_entry(self) -> Provider:
        """If no network was opened, ``auto`` is still open, and any device will do."""
        return PROVIDERS["cpu" if self._device == "auto" else self._device]

    def _session(self, scale: int) -> Session:
        if scale not in self._used:
            file = self._files[scale]
            self._used[scale] = self._use(file, self._setting_of(file.path))
        used = self._used[scale]
        session = self._networks.get(used.key, partial(self._open, used))
        if self._device == "cpu":
            self._settings[scale] = used.setting
        if self._provider == "none":
            self._provider = session.provider
        return session

    def _use(self, file: ModelFile, setting: TileSetting) -> "_Used":
        return _Used(file, setting, NetworkKey.of(file, self._device, setting.threads))

    def _open(self, used: "_Used") -> Session:
        file, threads = used.file, used.setting.threads
        session = open_session(file.path, self._device, self._notify, threads, file.content())
        batch = self._device_entry.batch
        return Batching(session, batch) if batch > 1 else session

    def _digests(self, files: Mapping[int, ModelFile]) -> list[str]:
        return [f"x{scale} {files[scale].digest()}" for scale in self._needed]

    def _precision_note(self, scale: int) -> str:
        chosen, fastest = self._files[scale].precision, self._fastest
        why = fastest.why
        if self._files[scale].blend and fastest.precision == "int8":
            why = NO_INT8
        elif chosen != fastest.precision:
            why = f"there is no {fastest.precision} file that loses at most {MOST_LOSS:g} dB"
        return f"precision of {self.family} x{scale}: {chosen}, because {why}"


@dataclass(frozen=True)
class _Used:
    """The file that runs a scale, and how."""

    file: ModelFile
    setting: TileSetting
    key: NetworkKey
