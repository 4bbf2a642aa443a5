"""Clean Insights for Python: aggregates of finished periods, sent with consent and nothing else."""
