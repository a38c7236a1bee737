"""Encryption by a key of one's own: who holds the key can see who read the data, and can end it for all copies at once."""

from typing import Final

WHY_OWN_KEY: Final = (
    "Under the cloud's own key nobody sees who decrypted what, and nobody can lock a copy of the weights that has left the account."
)
"""Why a rule asks for a key of one's own; a rule about particular data says more."""
EXAMPLE_KEY: Final = "arn:aws:kms:eu-west-1:123456789012:key/0b1c2d3e"
"""A key, as it stands in examples."""
