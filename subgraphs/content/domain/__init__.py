"""The rules of content, without input or output."""
