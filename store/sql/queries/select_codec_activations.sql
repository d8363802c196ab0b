SELECT model, version, activated_at, activated_by
FROM codec_activation
WHERE model = %(model)s
ORDER BY activation_id DESC
