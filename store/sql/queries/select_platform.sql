SELECT revision, as_of, places_version FROM platform
