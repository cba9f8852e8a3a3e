"""Django's migrations of our models: `python -m subgraphs.content.cms.commands makemigrations cms`."""
