"""What gathers facts on this installation, and the declaration of each fact."""
