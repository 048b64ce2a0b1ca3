-- The clocks that can be compared with that of the host with the most calls.
CREATE OR REPLACE TEMPORARY TABLE host_clocks AS
SELECT * FROM island_clocks WHERE reference_host = $reference;
