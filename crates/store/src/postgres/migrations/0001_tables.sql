-- Every table of rows is alike: `home` is the payer's shard, `key` sorts as the rows do, `row` is one version byte and
-- postcard. The columns mean the same in the embedded store; spec: docs/adr/0018.

CREATE FUNCTION expect_rows(written bigint, expected bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF written <> expected THEN
        RAISE EXCEPTION 'expected % rows, wrote %', expected, written USING ERRCODE = '40001';
    END IF;
END $$;

-- Who takes part.
CREATE TABLE customers (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE activation_codes (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE enrolments (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key)) WITH (fillfactor = 50);
CREATE TABLE methods (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE merchants (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE checkouts (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE checkout_by_key (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE checkout_of_terminal (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));

-- Sales.
CREATE TABLE code_uses (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE payments (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key)) WITH (fillfactor = 50);
CREATE TABLE payments_of_merchant (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE verdicts (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE events (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE requests (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key)) WITH (fillfactor = 70);
CREATE TABLE wakes (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));

-- What is still to be done.
CREATE TABLE effects_due (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE tasks (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));

-- What was told and booked.
CREATE TABLE confirmations (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE balances (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE audit (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE audit_heads (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));

-- What is still to be checked.
CREATE TABLE changed (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE check_mark (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));

-- What merchants' systems are told.
CREATE TABLE webhook_endpoints (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE webhook_endpoints_of_merchant (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE webhooks (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key)) WITH (fillfactor = 70);
CREATE TABLE webhooks_waiting (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE webhooks_due (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE webhooks_oldest (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE webhooks_settled (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));
CREATE TABLE webhooks_dead (home integer NOT NULL, key bytea NOT NULL, row bytea NOT NULL, PRIMARY KEY (home, key));

-- Which homes there are: a list over all of them asks each.
CREATE TABLE homes (home integer PRIMARY KEY);
INSERT INTO homes VALUES (0);

-- How far each writer of each server has come: tells, after a lost connection, whether its last batch was committed.
CREATE TABLE writers (id text PRIMARY KEY, batch bigint NOT NULL, seen_at timestamptz NOT NULL DEFAULT now());

-- What batches add to the audit chain and to the balances, until the sequencer rolls it up, in the order of `id`.
CREATE TABLE roll_ups (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entries bytea NOT NULL, sums bytea NOT NULL);

-- The end of the audit chain: one row, held by whoever rolls up.
CREATE TABLE sequencer (is_single boolean PRIMARY KEY CHECK (is_single), sequence bigint NOT NULL, hash bytea NOT NULL);
INSERT INTO sequencer VALUES (true, 0, decode(repeat('00', 32), 'hex'));

-- Which server does which of the work that one of them does for all.
CREATE TABLE leases (work text PRIMARY KEY, holder text NOT NULL, until timestamptz NOT NULL);

-- Short-lived rows come and go all day long.
ALTER TABLE wakes SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE effects_due SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE roll_ups SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE webhooks_waiting SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE webhooks_due SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE webhooks_oldest SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
