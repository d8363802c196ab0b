"""The only door to PostgreSQL and TimescaleDB: SQL, its migrations, and everything that runs it."""
