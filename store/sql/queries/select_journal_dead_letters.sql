-- Whether there is any frame of the journal that means nothing.
SELECT EXISTS (SELECT FROM dead_letter WHERE topic LIKE 'journal/%%') AS there
