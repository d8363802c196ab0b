-- The facts that are kept end here.
SELECT facts_until FROM history
