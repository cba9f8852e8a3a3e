"""What users, crews and events do in sourcing. The caller's savepoint undoes what a refusal leaves."""
