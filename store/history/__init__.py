"""History in the database: told from words, kept as spans and sums, asked about, compared with what it should be."""
