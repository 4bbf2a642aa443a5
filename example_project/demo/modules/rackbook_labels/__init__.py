"""A third-party module of Rackbook: shelf labels for devices."""
