"""The collector: receives the reports of all installations, counts them, and shows the numbers."""
