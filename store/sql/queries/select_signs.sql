SELECT g.sign_id, g.name, s.site_id, g.lon, g.lat, g.board_version, v.board
FROM sign AS g JOIN site AS s USING (site_key) JOIN board_version AS v ON (v.sign_id, v.version) = (g.sign_id, g.board_version)
