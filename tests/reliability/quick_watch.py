"""``sr-batch`` in which the pauses of a watch are compressed: a minute takes some seconds."""

from sr_batch.watch import folder_watch, retries

FIRST_PAUSE = 0.5  # seconds, not 10
YOUNG = 6.0  # seconds, not 60


def main() -> None:
    """Run the command line of this process."""
    from sr_batch.cli import main as run

    for module in (folder_watch, retries):
        setattr(module, "FIRST_PAUSE", FIRST_PAUSE)  # noqa: B010
    setattr(retries, "_YOUNG", YOUNG)  # noqa: B010
    run()


if __name__ == "__main__":
    main()
