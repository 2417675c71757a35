"""The networks of a run: opened once, all on one device, and replaced if half precision fails."""

import threading
from collections.abc import Callable, Collection
from hashlib import sha256
from pathlib import Path

from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.batching import AT_ONCE, Batching
from sr_batch.inference.model_catalog import choose, fp32_twin
from sr_batch.inference.providers import PROVIDERS, Provider, device_of, open_session
from sr_batch.inference.session import Session
from sr_batch.upscaling.scale_plan import plan_scale
from sr_batch.upscaling.tile_tuning import USUAL, TileSetting


class LoadedModels:
    """Sessions by scale. Thread-safe.

    Args:
        options: Model, precision, device and scale matter here.
        notify: Receives one line about the device that ``auto`` chose, and one about each network
            that was replaced.
        setting_of: The tile setting for the network in a file, on the CPU.

    Raises:
        UnknownModel: no such network, or none that enlarges.
        DeviceUnavailable: the device cannot run here.
    """

    def __init__(
        self,
        options: UpscaleOptions,
        notify: Callable[[str], None],
        setting_of: Callable[[Path], TileSetting],
    ) -> None:
        self._notify = notify
        self._setting_of = setting_of
        self._settings: dict[int, TileSetting] = {}
        self._files = choose(options.model, options.precision)
        self._device = options.device
        self._sessions = self._open(options)
        self._lock = threading.Lock()

    def __getitem__(self, scale: int) -> Session:
        return self._sessions[scale]

    def setting(self, scale: int) -> TileSetting:
        """The tile setting for the network of ``scale``."""
        return self._settings.get(scale, USUAL)

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
        return next((session.provider for session in self._sessions.values()), "none")

    def digests(self) -> list[str]:
        """Scale and SHA-256 of the file of each network that may be used."""
        files = {scale: self._files[scale].path for scale in self._sessions}
        return [
            f"x{scale} {sha256(path.read_bytes()).hexdigest()}" for scale, path in files.items()
        ]

    def replace_by_fp32(self, scale: int, failed: Session) -> bool:
        """Use the fp32 file instead of ``failed`` for the rest of the run.

        Half precision ends at 65504, and a network may exceed that on a rare picture.

        Returns:
            Whether another network than ``failed`` runs ``scale`` now.
        """
        with self._lock:
            if self._sessions[scale] is not failed:
                return True
            twin = fp32_twin(self._files[scale])
            if twin is None:
                return False
            self._sessions[scale] = self._ready(twin, self.setting(scale))
        self._notify(
            f"{self.family} x{scale} in {failed.spec.precision} returned NaN or infinite values;"
            " it runs in fp32 from now on"
        )
        return True

    def _open(self, options: UpscaleOptions) -> dict[int, Session]:
        """The networks that may be used, on one device; ``auto`` is settled by the first one."""
        sessions: dict[int, Session] = {}
        fixed = options.goal.fixed
        scales = plan_scale(fixed, self.scales).passes if fixed else sorted(self.scales)
        for scale in dict.fromkeys(scales):
            path = self._files[scale].path
            setting = self._setting_of(path)
            sessions[scale] = self._ready(path, setting)
            if self._device == "cpu":
                self._settings[scale] = setting
        return sessions

    @property
    def _device_entry(self) -> Provider:
        """If no network was opened, ``auto`` is still open, and any device will do."""
        return PROVIDERS["cpu" if self._device == "auto" else self._device]

    def _ready(self, path: Path, setting: TileSetting) -> Session:
        session = open_session(path, self._device, self._notify, setting.threads)
        if self._device == "auto":
            self._device = device_of(session)
        batch = self._device_entry.batch
        return Batching(session, batch) if batch > 1 else session
