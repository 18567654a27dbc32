-- What operators look at: docs/postgresql.md, "Monitoring". Nothing of the servers reads these.

-- What waits, by kind: the first byte of a key is the place of its table, crates/store/src/tables.rs.
CREATE VIEW queue_depths AS
    SELECT get_byte(key, 0) AS place, count(*) AS rows FROM queues GROUP BY 1;

-- How many batches the audit chain and the balances lag behind, and for how long the oldest of them waits.
CREATE VIEW roll_up_lag AS SELECT count(*) AS batches, now() - min(at) AS age FROM roll_ups;

-- Which server does what for all, and until when unless it goes on.
CREATE VIEW work AS SELECT work, holder, until, until > now() AS is_held FROM leases;
