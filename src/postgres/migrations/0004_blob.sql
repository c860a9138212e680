-- Port Blob: bodies in chunks. Already compressed or encrypted bodies are common, so the server does not try.

create table aorta_blob (
  sha256 text collate "C" not null,
  chunk integer not null,
  size bigint not null,
  put_at bigint not null,
  bytes bytea not null,
  primary key (sha256, chunk)
);
alter table aorta_blob alter column bytes set storage external;
create index aorta_blob_put on aorta_blob (put_at) where chunk = 0;
