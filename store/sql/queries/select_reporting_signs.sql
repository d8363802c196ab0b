-- Signs that should report, for they have a token that is good: since when, and to which place they belong.
SELECT g.sign_id, s.site_id, min(k.created_at) AS since
FROM api_key AS k
JOIN sign AS g ON k.scopes @> ARRAY['sign:' || g.sign_id]
JOIN site AS s USING (site_key)
WHERE k.revoked_at IS NULL AND k.expires_at > %(now)s
GROUP BY g.sign_id, s.site_id
