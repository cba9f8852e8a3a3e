"""What users, runs and other contexts do in campaigns. Each function is one mutation or one event.

It reads with locks, asks the domain, and writes; the caller's savepoint undoes what a refusal leaves.
"""
