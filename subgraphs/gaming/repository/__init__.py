"""All SQL of gaming."""
