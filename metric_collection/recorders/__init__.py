"""Recorders: what is measured by itself once METRIC_COLLECTION_RECORDERS gives it a campaign."""
