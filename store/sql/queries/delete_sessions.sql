DELETE FROM session_block WHERE device_key = ANY (%(keys)s)
