CALL set_policies(%(journal_days)s, %(compress_journal_days)s, %(compress_measurements_days)s, %(compress_facts_days)s)
