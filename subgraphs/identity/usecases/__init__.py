"""What can be done in `identity`, one module per topic."""
