-- Frames of the journal that meant nothing for a while, and mean something now.
DELETE FROM dead_letter WHERE topic = ANY (%(topics)s::text[])
