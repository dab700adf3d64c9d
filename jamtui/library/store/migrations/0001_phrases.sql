-- Where phrases come from. A refused file is remembered too, so that a second run passes over it.
create table sources (
  id integer primary key,
  sha256 text not null unique,
  path text not null,
  title text not null,
  licence text not null,
  ingested_at real not null,
  analysis integer not null,
  refused text not null
);

-- Role, style and meter: what a search never mixes. Phrases of one shelf lie together.
create table shelves (
  id integer primary key,
  role text not null,
  style text not null,
  meter text not null,
  unique (role, style, meter)
);

-- Chords with key and numerals, stored once for all phrases over them.
create table harmonies (
  id integer primary key,
  chords text not null,
  key text not null,
  romans text not null,
  unique (chords, key, romans)
);

-- autoincrement: a number is never given twice, so that readers find what is new by number.
create table phrases (
  id integer primary key autoincrement,
  shelf integer not null references shelves (id),
  harmony integer not null references harmonies (id),
  source integer references sources (id),
  first_bar integer not null,
  name text not null,
  bars integer not null,
  tempo real not null,
  swing real not null,
  root integer not null,
  fingerprint integer not null,
  count integer not null,
  played integer not null default 0,
  kept integer not null default 0,
  banned integer not null default 0,
  notes blob not null
);

create index phrases_by_fingerprint on phrases (fingerprint);
create index phrases_by_source on phrases (source);

-- A phrase that was met again in another file: it stays when the first file is forgotten.
create table meetings (
  phrase integer not null references phrases (id) on delete cascade,
  source integer not null references sources (id) on delete cascade,
  first_bar integer not null,
  count integer not null,
  primary key (phrase, source)
) without rowid;

create index meetings_by_source on meetings (source);
