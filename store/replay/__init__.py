"""The journal read anew: what frames mean today, what of it differs from what is kept, and put right."""
