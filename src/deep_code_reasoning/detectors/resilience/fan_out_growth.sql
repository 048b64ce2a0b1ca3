-- How many traces of each phase make how many calls a request, a row an operation, phase and count.
SELECT service_name, operation, phase, hundredths, COUNT(*) AS traces
FROM fan_out_samples
GROUP BY service_name, operation, phase, hundredths
ORDER BY service_name, operation, hundredths, phase
