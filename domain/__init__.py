"""What Annals records: aggregates, their events, and the rules between them. Knows nobody below."""
