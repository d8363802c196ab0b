"""JavaScript codecs (LoRa Alliance TS013) in a process of their own."""
