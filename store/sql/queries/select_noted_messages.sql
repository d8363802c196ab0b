SELECT message_key, times FROM suspect_message WHERE message_key = ANY (%(message_keys)s::bytea[])
