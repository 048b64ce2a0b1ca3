-- The states of traces on which no other attribute names a probability.
SELECT DISTINCT state FROM sampled_traces WHERE state IS NOT NULL AND weight IS NULL;
