"""Device models: what their bytes mean. Pure: no I/O, no clock."""
