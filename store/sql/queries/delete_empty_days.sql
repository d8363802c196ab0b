DELETE FROM fact_day AS d
USING whole_days(%(fact_keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[]) AS w
WHERE d.asset_key = w.asset_key AND d.day >= lower(w.stretch) AND d.day < upper(w.stretch)
  AND NOT EXISTS (SELECT FROM fact_hour AS h
                  WHERE h.asset_key = d.asset_key AND h.hour >= d.day
                    AND h.hour < local_day_of(d.day + INTERVAL '36 hours'))
