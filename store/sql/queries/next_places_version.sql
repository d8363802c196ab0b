UPDATE platform SET places_version = places_version + 1
