"""What happens in agents. Each function is one mutation: it takes the tenant's lock, asks the domain, and writes.

All raise the `DomainError`s of `domain.errors`; the caller's savepoint then undoes what was written.
"""
