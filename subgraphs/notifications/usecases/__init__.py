"""What is done in notifications: told, read, changed and sent. The caller's savepoint undoes what a refusal leaves."""
