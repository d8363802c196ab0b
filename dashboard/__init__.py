"""Pages for the public and for asset managers, and the files that browsers need for them."""
