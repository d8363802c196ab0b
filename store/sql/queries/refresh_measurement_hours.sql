CALL refresh_measurement_hours(%(since)s, %(until)s)
