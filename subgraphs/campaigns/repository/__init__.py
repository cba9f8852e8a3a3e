"""All SQL of campaigns, by what it is about."""
