"""Read models: their tables, the projections that fill them, and the queries that read them."""
