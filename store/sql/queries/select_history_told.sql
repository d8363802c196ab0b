SELECT as_of, told_until, facts_until FROM history_told
