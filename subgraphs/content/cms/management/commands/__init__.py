"""`python -m subgraphs.content.cms.commands NAME`."""
