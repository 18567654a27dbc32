-- Rows that live alike stand in one table. `key` is the place of the row's table in the embedded store, one byte, and the
-- row's key there, and sorts as the rows do; `home` is the payer's shard; `row` is one version byte and postcard.
-- Places: crates/store/src/tables.rs. Why so: docs/adr/0018-postgresql.md.

CREATE FUNCTION expect_rows(written bigint, expected bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF written <> expected THEN
        RAISE EXCEPTION 'expected % rows, wrote %', expected, written USING ERRCODE = '40001';
    END IF;
END $$;

-- Who takes part: few, for years, changed now and then. A payment locks its payer's row here first.
CREATE TABLE parties (key bytea NOT NULL, home integer NOT NULL, row bytea NOT NULL, PRIMARY KEY (key, home)) WITH (fillfactor = 50);

-- Payments as they stand, tills' requests and their answers, operators' tasks, webhooks: changed while a sale is under way.
CREATE TABLE sales (key bytea NOT NULL, home integer NOT NULL, row bytea NOT NULL, PRIMARY KEY (key, home)) WITH (fillfactor = 60);

-- Consumed codes, verdicts, events with their postings, confirmations, the audit chain: written once.
CREATE TABLE facts (key bytea NOT NULL, home integer NOT NULL, row bytea NOT NULL, PRIMARY KEY (key, home));

-- What is due when, and what is to be checked: comes and goes all day long.
CREATE TABLE queues (key bytea NOT NULL, home integer NOT NULL, row bytea NOT NULL, PRIMARY KEY (key, home)) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

-- Which homes there are: a list over all of them asks each.
CREATE TABLE homes (home integer PRIMARY KEY);
INSERT INTO homes VALUES (0);

-- How far each writer of each server has come: tells, after a lost connection, whether its last batch was committed.
CREATE TABLE writers (id text PRIMARY KEY, batch bigint NOT NULL, seen_at timestamptz NOT NULL DEFAULT now());

-- What batches add to the audit chain and to the balances, until the sequencer rolls it up, in the order of `id`.
CREATE TABLE roll_ups (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entries bytea NOT NULL, sums bytea NOT NULL, at timestamptz NOT NULL DEFAULT now()) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

-- The end of the audit chain: one row, held by whoever rolls up.
CREATE TABLE sequencer (is_single boolean PRIMARY KEY CHECK (is_single), sequence bigint NOT NULL, hash bytea NOT NULL);
INSERT INTO sequencer VALUES (true, 0, decode(repeat('00', 32), 'hex'));

-- Which server does which of the work that one of them does for all.
CREATE TABLE leases (work text PRIMARY KEY, holder text NOT NULL, until timestamptz NOT NULL);

-- The two statements of almost every batch, so that it needs few messages. The first takes the writer's place, which no
-- earlier batch of a connection that is gone can have after it, and locks what the batch will look at, payers first.
CREATE FUNCTION begin_batch(writer text, number bigint, at_home integer, party_keys bytea[], sale_keys bytea[])
RETURNS TABLE (held_key bytea, held_row bytea) LANGUAGE plpgsql AS $$
DECLARE
    written bigint;
BEGIN
    UPDATE writers SET batch = number, seen_at = now() WHERE id = writer AND batch = number - 1;
    GET DIAGNOSTICS written = ROW_COUNT;
    PERFORM expect_rows(written, 1);
    IF cardinality(party_keys) > 0 THEN
        RETURN QUERY SELECT held.key, held.row FROM parties AS held
            WHERE held.home = at_home AND held.key = ANY(party_keys) ORDER BY held.key FOR UPDATE;
    END IF;
    IF cardinality(sale_keys) > 0 THEN
        RETURN QUERY SELECT held.key, held.row FROM sales AS held
            WHERE held.home = at_home AND held.key = ANY(sale_keys) ORDER BY held.key FOR UPDATE;
    END IF;
END $$;

-- The second writes. Updated rows were locked by the first, and must be there. They are found by their keys whatever the
-- planner thinks of the table: a join it would turn around while the table is small.
CREATE FUNCTION write_batch(
    at_home integer,
    updated_parties bytea[], updated_party_rows bytea[],
    updated_sales bytea[], updated_sale_rows bytea[],
    new_sales bytea[], new_sale_rows bytea[],
    new_facts bytea[], new_fact_rows bytea[],
    new_queued bytea[], new_queued_rows bytea[],
    gone_queued bytea[],
    entries bytea, sums bytea
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    written bigint;
BEGIN
    IF cardinality(updated_parties) > 0 THEN
        UPDATE parties SET row = updated_party_rows[array_position(updated_parties, key)]
            WHERE home = at_home AND key = ANY(updated_parties);
        GET DIAGNOSTICS written = ROW_COUNT;
        PERFORM expect_rows(written, cardinality(updated_parties));
    END IF;
    IF cardinality(updated_sales) > 0 THEN
        UPDATE sales SET row = updated_sale_rows[array_position(updated_sales, key)]
            WHERE home = at_home AND key = ANY(updated_sales);
        GET DIAGNOSTICS written = ROW_COUNT;
        PERFORM expect_rows(written, cardinality(updated_sales));
    END IF;
    IF cardinality(new_sales) > 0 THEN
        INSERT INTO sales (home, key, row)
            SELECT at_home, given.key, given.row FROM unnest(new_sales, new_sale_rows) AS given (key, row);
    END IF;
    IF cardinality(new_facts) > 0 THEN
        INSERT INTO facts (home, key, row)
            SELECT at_home, given.key, given.row FROM unnest(new_facts, new_fact_rows) AS given (key, row);
    END IF;
    IF cardinality(gone_queued) > 0 THEN
        DELETE FROM queues WHERE home = at_home AND key = ANY(gone_queued);
    END IF;
    IF cardinality(new_queued) > 0 THEN
        -- Such a row says what its key says: one that is there is the same.
        INSERT INTO queues (home, key, row)
            SELECT at_home, given.key, given.row FROM unnest(new_queued, new_queued_rows) AS given (key, row)
            ON CONFLICT (key, home) DO NOTHING;
    END IF;
    IF entries IS NOT NULL THEN
        INSERT INTO roll_ups (entries, sums) VALUES (entries, sums);
    END IF;
END $$;
