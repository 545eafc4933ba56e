"""Outside services, one file each."""
