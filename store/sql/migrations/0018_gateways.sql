-- Which gateways heard a frame, and how well: a JSON text of [[gateway id, RSSI in dBm or null, SNR in dB or null], ...].
-- Text, since nobody reads it but whoever looks at one device. NULL: not told, or from before this version.

ALTER TABLE uplink ADD COLUMN gateways text;
