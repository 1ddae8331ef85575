-- Facts, in the order in which they were kept: a row is a batch of them, as text, exactly as a journal has it.
create sequence pricewright.record_sequence cache 1;
create table pricewright.record (
    sequence bigint primary key,
    -- How many facts there are in it.
    facts int not null,
    -- A list of facts in JSON. Not jsonb: what is exported must be what was kept, to the letter.
    content text not null,
    -- The first half of a SHA-256 of the content.
    seal bytea not null,
    -- Names of counters that changed, and of codes and pools that were taken out of use: what caches want to know.
    touched bytea[] not null
);

-- What follows from the facts, by name, under a seal: calls, sales, codes, certificates.
create table pricewright.account (
    name bytea primary key,
    content bytea not null,
    -- The second at which something is to be done by itself: a hold ends, a certificate expires.
    due bigint
);
create index account_due on pricewright.account (due, name) where due is not null;
-- A fifth of a hundred million rows is too many that are dead.
alter table pricewright.account set (autovacuum_vacuum_scale_factor = 0.01);

-- Counters. A large one is cut into parts, one a node, each with room that it may give away without asking the others.
create table pricewright.counter (
    name bytea not null,
    part smallint not null,
    held bigint not null,
    kept bigint not null,
    -- What this part may still give, of the limit that was divided. Nothing where the counter is whole.
    room bigint,
    divided bigint,
    primary key (name, part)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- A row that a node writes to find out whether the database takes writes.
create table pricewright.probe (
    part smallint primary key,
    at timestamptz not null
);

-- Rulebooks that were live, the sources of each, and every publication.
create table pricewright.rule_file (
    sha256 bytea primary key,
    content bytea not null
);
create table pricewright.rulebook (
    digest text primary key,
    -- Paths and hashes of its files, in JSON.
    files text not null
);
create table pricewright.publication (
    number bigint primary key,
    digest text not null references pricewright.rulebook (digest),
    -- When, who, how, why, in JSON.
    said text not null,
    -- The id of the call.
    request text unique
);

-- What the CRM knows of customers.
create table pricewright.customer (
    -- The retailer's id, as bytes: any text is one.
    id bytea primary key,
    -- The key of the file of keys under which the content is.
    key text not null,
    -- The profile, enciphered: a nonce, then what it says, with a tag over that and the id.
    content bytea not null,
    -- The keyed hash of the phone that leads here; nothing where it has gone to another customer since.
    phone bytea unique
);
-- Whoever writes profiles takes it in turn, and each turn has a number: numbers have no gaps, and the larger one is kept later.
create table pricewright.customer_turn (
    one boolean primary key default true check (one),
    sequence bigint not null
);
insert into pricewright.customer_turn (sequence) values (0);
-- What was written in each turn of the last minutes, for nodes that have it in memory.
create table pricewright.customer_change (
    sequence bigint primary key,
    ids bytea[] not null,
    phones bytea[] not null,
    at timestamptz not null default now()
);
