-- Signs that should report: since when, and to which place they belong. Those that have a token that is good, and those
-- whose e-paper screens did report: they have no token, and name themselves.
SELECT sign_id, site_id, min(since) AS since
FROM (
    SELECT g.sign_id, g.site_key, k.created_at AS since
    FROM api_key AS k
    JOIN sign AS g ON k.scopes @> ARRAY['sign:' || g.sign_id]
    WHERE k.revoked_at IS NULL AND k.expires_at > %(now)s
    UNION ALL
    SELECT g.sign_id, g.site_key, r.received_at
    FROM sign_report AS r
    JOIN sign AS g USING (sign_id)
    JOIN board_version AS v ON (v.sign_id, v.version) = (g.sign_id, g.board_version)
    WHERE v.board -> 'epaper' -> 'macs' IS NOT NULL
) AS reporting
JOIN site USING (site_key)
GROUP BY sign_id, site_id
