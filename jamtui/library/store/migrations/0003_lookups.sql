-- The library screen lists by shelf; marked phrases are few and looked for after every keep and ban.
create index phrases_by_shelf on phrases (shelf);
create index phrases_kept on phrases (shelf) where kept;
create index phrases_banned on phrases (shelf) where banned;
