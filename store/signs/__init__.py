"""Signs in the database: their boards, what screens say, and their tokens."""
