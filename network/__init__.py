"""LoRaWAN network servers: what they should know of our devices, what they know, and how the two are made to agree."""
