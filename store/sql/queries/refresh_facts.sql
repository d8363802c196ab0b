CALL refresh_facts()
