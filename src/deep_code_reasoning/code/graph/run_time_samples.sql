-- Stacks of one kind of profile sample, those with the most of it first; `whole` is the sum over all of that kind.
SELECT
    stack,
    sum(value) AS value,
    (SELECT sum(value) FROM profiles WHERE sample_type = $sample_type) AS whole
FROM profiles
WHERE sample_type = $sample_type AND len(stack) BETWEEN 1 AND 1024
GROUP BY stack
ORDER BY value DESC, stack
LIMIT $most
