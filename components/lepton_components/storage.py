"""An encrypted bucket: the neutral component."""

from typing import TypedDict

import pulumi

from lepton_components.border import ScopeArgs, read
from lepton_components.contract import StorageSpec, cloud


class StorageArgs(TypedDict):
    """Arguments of `Storage`."""

    scope: ScopeArgs
    """Where the bucket is made and whose it is."""
    name: str
    """Name of the bucket inside the stack; the cloud's own name gets a random end."""
    noncurrent_days: int
    """Days for which overwritten and deleted objects can be brought back."""
    key: pulumi.Input[str]
    """Key for stored data, from `Keys`."""


class Storage(pulumi.ComponentResource):
    """A private, versioned bucket, encrypted with a key of one's own, reachable over TLS only, and a second one that logs every access."""

    bucket_id: pulumi.Output[str]
    """The bucket, by the cloud's full identifier."""
    bucket: pulumi.Output[str]
    """The bucket's name."""
    url: pulumi.Output[str]
    """What programs open, for instance `s3://...`."""

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        spec = read(StorageSpec, args, name)
        chosen = cloud(spec.scope.cloud)
        super().__init__("lepton:index:Storage", name, {}, opts)
        facts = chosen.storage(name, spec, self)
        self.bucket_id = facts.id
        self.bucket = facts.name
        self.url = facts.url
        self.register_outputs({"bucketId": self.bucket_id, "bucket": self.bucket, "url": self.url})
