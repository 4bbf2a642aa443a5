"""Where the peer looks for the version of the product and how it was installed."""

__openwisp_version__ = "24.11.2"
__openwisp_installation_method__ = "pip"
