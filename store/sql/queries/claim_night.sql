-- The nightly work of this local day, for whoever comes first.
UPDATE history SET tidied_on = %(day)s WHERE tidied_on IS DISTINCT FROM %(day)s::date
