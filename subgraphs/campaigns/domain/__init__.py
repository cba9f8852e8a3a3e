"""The rules of campaigns, without input or output: campaigns, segments and their filters, templates, splits."""
