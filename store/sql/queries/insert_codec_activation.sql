INSERT INTO codec_activation (model, version, activated_at, activated_by)
SELECT model, version, %(at)s, %(by)s FROM codec_script WHERE model = %(model)s AND version = %(version)s
