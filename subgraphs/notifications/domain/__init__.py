"""The rules of notifications, without input or output."""
