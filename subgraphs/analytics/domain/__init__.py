"""The rules of analytics, without input or output."""
