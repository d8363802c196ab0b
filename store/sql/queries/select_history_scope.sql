-- Which of the names in a question name something.
SELECT
    EXISTS (SELECT FROM site WHERE site_id = %(site)s)   AS site,
    EXISTS (SELECT FROM zone WHERE zone_id = %(zone)s)   AS zone,
    EXISTS (SELECT FROM site WHERE ward = %(ward)s)      AS ward,
    EXISTS (SELECT FROM asset WHERE asset_id = %(asset)s AND kind = ANY (%(kinds)s)) AS asset
