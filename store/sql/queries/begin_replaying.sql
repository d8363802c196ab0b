-- Waits for the frames that are being kept; those after it know. Again now and then: a replay that dies is forgotten.
UPDATE platform SET replaying_until = now() + INTERVAL '10 minutes'
