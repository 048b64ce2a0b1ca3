-- What the first body of every shape in `shapes` begins with. Row files skip what holds none of these numbers.
SELECT log_number, encode(left(body, 2048)) AS start
FROM logs
WHERE log_number IN (SELECT example_log_number FROM shapes)
