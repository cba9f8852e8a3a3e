"""The only home of SQL in content: reads of Wagtail's tables, and what visitors send. Editors' changes are `cms`'s."""
