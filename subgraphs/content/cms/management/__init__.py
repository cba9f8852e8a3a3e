"""Commands of ours, beside Django's."""
