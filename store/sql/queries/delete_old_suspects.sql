-- Whoever died of these had them from a broker that has long forgotten them.
DELETE FROM suspect_message WHERE noted_at < %(before)s
