UPDATE platform SET replaying_until = NULL
