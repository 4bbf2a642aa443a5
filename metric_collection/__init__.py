"""Telemetry for self-hosted Django products that their operators can read, trust and switch off."""

__version__ = "1.0.0"
