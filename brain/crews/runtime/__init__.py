"""The only part that imports crewai. Imported when the first task is run: it takes seconds and some 175 MB."""
