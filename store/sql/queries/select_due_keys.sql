-- Of which assets something is due: of them history may be other than it should be.
SELECT DISTINCT asset_key FROM history_waiting WHERE asset_key = ANY (%(keys)s)
