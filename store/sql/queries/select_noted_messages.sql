SELECT message_key FROM suspect_message WHERE message_key = ANY (%(message_keys)s::bytea[])
