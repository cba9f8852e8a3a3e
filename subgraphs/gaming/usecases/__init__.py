"""What users do in gaming: each function is one mutation. The caller's savepoint undoes what a refusal leaves."""
