"""What users do in trading: each function is one mutation. The caller's savepoint undoes what a refusal leaves."""
