"""The rules of gaming, without input or output."""
