COPY register_change (record, record_id, before, after) FROM STDIN (FORMAT BINARY)
