SELECT host, CAST(offset_nano AS BIGINT) AS offset_nano
FROM host_clocks
ORDER BY host;
