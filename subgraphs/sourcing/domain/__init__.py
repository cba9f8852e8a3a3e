"""The rules of sourcing, without input or output."""
