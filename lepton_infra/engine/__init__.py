"""The Pulumi engine: find, download or build it, run it, read its events."""
