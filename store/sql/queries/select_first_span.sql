SELECT quarter_of(min(begins_at)) AS begins_at FROM span
