-- The platform's revision with every asset that changed after the one given, in one statement so that they agree. An area
-- is taken when it is full. Bays of one household are left out here, so that nobody above can tell of them by mistake.
SELECT p.revision, p.as_of, p.places_version, p.messages_version, a.asset_id, s.since, s.observed_at, s.taken,
       CASE WHEN a.kind = 'area' AND s.state IN ('free', 'occupied')
            THEN CASE WHEN s.taken < a.capacity THEN 'free' ELSE 'occupied' END
            ELSE s.state END AS state
FROM platform AS p
LEFT JOIN (asset_state AS s JOIN asset AS a USING (asset_key)) ON s.revision > %(after)s AND NOT a.home_linked
