UPDATE platform SET messages_version = messages_version + 1
