"""What analytics does with events."""
