"""The comparison of bench/run: a private server, its clients, one table."""
