"""The networks of a run: opened once, all on one device, and what steps in for one that fails."""

import threading
from collections.abc import Callable, Collection
from hashlib import sha256
from pathlib import Path

from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.batching import AT_ONCE, Batching
from sr_batch.inference.model_catalog import choose, in_full
from sr_batch.inference.providers import PROVIDERS, Provider, device_of, open_session
from sr_batch.inference.session import Session
from sr_batch.upscaling.scale_plan import plan_scale
from sr_batch.upscaling.tile_tuning import USUAL, Layout


class Networks:
    """Sessions by their scale. Thread-safe.

    Args:
        options: What matters here is model, precision, device and scale.
        notify: Told, in one line each, the device that ``auto`` chose and what stepped in.
        layout_of: How tiles and threads suit the network in a file, on the CPU.

    Raises:
        UnknownModel: no such network, or none that enlarges.
        DeviceUnavailable: the device cannot be had.
    """

    def __init__(
        self,
        options: UpscaleOptions,
        notify: Callable[[str], None],
        layout_of: Callable[[Path], Layout],
    ) -> None:
        self._notify = notify
        self._layout_of = layout_of
        self._layouts: dict[int, Layout] = {}
        self._files = choose(options.model, options.precision)
        self._device = options.device
        self._sessions = self._open(options)
        self._lock = threading.Lock()

    def __getitem__(self, scale: int) -> Session:
        return self._sessions[scale]

    def layout(self, scale: int) -> Layout:
        """How an image is spread over the cores for the network of ``scale``."""
        return self._layouts.get(scale, USUAL)

    @property
    def window(self) -> int | None:
        """Side in LR pixels of the windows that suit the device; None where any size will do."""
        return self._device_entry.window

    @property
    def callers(self) -> int:
        """Calls at the same time that keep the device busy, whatever the cores; 1 for the CPU."""
        batch = self._device_entry.batch
        return batch * AT_ONCE if batch > 1 else 1

    @property
    def scales(self) -> Collection[int]:
        """Factors there are networks for, opened or not."""
        return self._files.keys()

    @property
    def family(self) -> str:
        """The name they share."""
        return next(iter(self._files.values())).name

    @property
    def provider(self) -> str:
        """The execution provider that runs them; ``none`` where no network is needed."""
        return next((session.provider for session in self._sessions.values()), "none")

    def digests(self) -> list[str]:
        """Scale and hash of the file of each network that may be used."""
        files = {scale: self._files[scale].path for scale in self._sessions}
        return [
            f"x{scale} {sha256(path.read_bytes()).hexdigest()}" for scale, path in files.items()
        ]

    def step_in(self, scale: int, failed: Session) -> bool:
        """Put the fp32 twin of ``failed`` in its place for the rest of the run.

        Half precision ends at 65504: a network may pass that on a rare picture.

        Returns:
            Whether there is another network now.
        """
        with self._lock:
            if self._sessions[scale] is not failed:
                return True
            twin = in_full(self._files[scale])
            if twin is None:
                return False
            self._sessions[scale] = self._ready(twin, self.layout(scale))
        self._notify(
            f"{self.family} x{scale} in {failed.spec.precision} gave values that are no numbers:"
            " it runs in fp32 from here on"
        )
        return True

    def _open(self, options: UpscaleOptions) -> dict[int, Session]:
        """All that may be used, on one device: the first one decides what ``auto`` is."""
        sessions: dict[int, Session] = {}
        fixed = options.goal.fixed
        scales = plan_scale(fixed, self.scales).passes if fixed else sorted(self.scales)
        for scale in dict.fromkeys(scales):
            path = self._files[scale].path
            layout = self._layout_of(path)
            sessions[scale] = self._ready(path, layout)
            if self._device == "cpu":
                self._layouts[scale] = layout
        return sessions

    @property
    def _device_entry(self) -> Provider:
        """Where nothing has to be enlarged ``auto`` stays what it is, and it does not matter."""
        return PROVIDERS["cpu" if self._device == "auto" else self._device]

    def _ready(self, path: Path, layout: Layout) -> Session:
        session = open_session(path, self._device, self._notify, layout.threads)
        if self._device == "auto":
            self._device = device_of(session)
        batch = self._device_entry.batch
        return Batching(session, batch) if batch > 1 else session
