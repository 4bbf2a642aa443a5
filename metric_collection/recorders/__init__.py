"""Recorders measure automatically once METRIC_COLLECTION_RECORDERS gives them a campaign."""
