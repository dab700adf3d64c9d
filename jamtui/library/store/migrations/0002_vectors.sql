-- One row a phrase: what features.py computes from it (64 dimensions, and 32 of its harmony).
create virtual table vectors using vec0(
  shelf integer partition key,
  whole float[64],
  harmony float[32],
  chunk_size=256
);

-- sqlite-vec looks for a shelf's chunks by scanning this table.
create index vectors_chunks_by_shelf on vectors_chunks (partition00);

-- Cells of a search space of a shelf: centroids, and which cell each phrase up to `upto` is in.
create table cells (
  shelf integer not null references shelves (id),
  space text not null,
  revision integer not null,
  upto integer not null,
  centroids blob not null,
  phrases blob not null,
  members blob not null,
  primary key (shelf, space)
);

-- What happened to phrases that are not new: bans, removals; and settings such as the features' version.
create table changes (
  revision integer primary key autoincrement,
  phrase integer not null
);

create table settings (
  name text primary key,
  value text not null
) without rowid;
