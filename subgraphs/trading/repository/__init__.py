"""The only home of SQL in trading."""
