"""PostgreSQL and an MQTT broker from wheels, on loopback, for `smartplace demo` and the tests."""
