"""``sr-batch`` whose workers on a cluster are those of `ray_worker`."""

from sr_batch.cli import main
from sr_batch.distributed.ray_messages import RaySettings
from tests.distributed.ray_worker import OPENER

*defaults, _ = RaySettings.__init__.__defaults__ or ()
RaySettings.__init__.__defaults__ = (*defaults, OPENER)
main()
