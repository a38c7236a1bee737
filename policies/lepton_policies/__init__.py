"""Rules as cards: one folder per cloud."""

from lepton_infra.rules.card import Card
from lepton_policies.aws import bucket, cluster, disk, identity, pool, tags

__all__ = ["RULES"]

RULES: tuple[Card, ...] = (
    bucket.public_access_is_blocked,
    bucket.access_list_is_private,
    bucket.policy_is_not_public,
    disk.volume_is_encrypted,
    disk.default_is_encrypted,
    disk.template_disks_are_encrypted,
    disk.machine_disks_are_encrypted,
    disk.file_system_is_encrypted,
    disk.database_is_encrypted,
    cluster.endpoint_is_not_open,
    identity.document_is_not_admin,
    identity.attachment_is_not_admin,
    pool.gpu_pool_ends,
    tags.owner_is_tagged,
    tags.group_owner_is_tagged,
)
"""Every rule of this pack; the entry point `lepton.rules` names it."""
