"""Opens the store of a place."""

from sr_batch.stores.location import Place
from sr_batch.stores.store import Store


def open_store(place: Place) -> Store:
    """The bucket or folder at ``place``; nothing is asked of a server yet.

    Raises:
        UsageError: the library for object storage is not installed, or its settings are wrong.
    """
    if place.is_remote:
        from sr_batch.stores.object_store import ObjectStore  # loaded only for URLs

        return ObjectStore(place)
    from sr_batch.stores.local_store import LocalStore

    return LocalStore(place)
