SELECT coalesce(max(activation_id), 0) AS activation_id FROM codec_activation
