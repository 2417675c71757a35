"""Runs over a real server of S3, with a fake network."""

from tests.object_server import bucket, object_server

__all__ = ["bucket", "object_server"]
