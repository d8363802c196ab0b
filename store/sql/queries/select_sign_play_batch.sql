SELECT digest FROM sign_play_batch WHERE sign_id = %(sign_id)s AND batch_key = %(batch_key)s
