SELECT EXISTS (SELECT FROM sign WHERE sign_id = %(sign_id)s) AS found
