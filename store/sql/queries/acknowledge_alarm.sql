UPDATE alarm SET acknowledged_by = %(by)s, acknowledged_at = %(at)s WHERE alarm_id = %(alarm_id)s
