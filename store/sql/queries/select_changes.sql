-- The platform's revision with every asset that changed after the one given, in one statement so that they agree.
SELECT p.revision, p.as_of, p.places_version, p.messages_version, a.asset_id, s.state, s.since, s.observed_at
FROM platform AS p
LEFT JOIN (asset_state AS s JOIN asset AS a USING (asset_key)) ON s.revision > %(after)s
