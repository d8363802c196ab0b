"""One frame in many forms: each module is a pure function from a frame to what one kind of player takes."""
