"""Devices that do not exist: seeded behaviour, spoken on the wire that real ones use."""
