DROP TABLE register_change
